"""Texts to token ids: bounded in characters and tokens, head and tail of a long text kept."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar, cast

from tokenizers import Tokenizer

from core.errors import ArtifactInvalid, Invalid

# What a user asks stands at the start of a ticket, what they tried or pasted last at its end. Head
# and tail beat either alone in Sun and others, "How to Fine-Tune BERT for Text Classification?",
# 2019. On tickets of over 90 tokens of sumo_firefox cut to 64, mean average precision was .474,
# .484 and .489 (three ridge penalties) against .470, .478 and .489 with the head alone.
HEAD_SHARE = 0.75
# Tokens of real tickets have 4 to 5 characters; 16 leaves room and bounds the work for a text.
MAX_CHARS_PER_TOKEN = 16
DEFAULT_MAX_LENGTH = 512
# RoBERTa and its kin count positions from 2: 514 of them are 512 tokens.
_PADDED_POSITIONS = frozenset({"roberta", "xlm-roberta", "camembert", "mpnet", "longformer"})

Part = TypeVar("Part", str, list[int])


@dataclass(frozen=True, slots=True, kw_only=True)
class Encoded:
    """Token ids of each text, special tokens included, and how many texts had to be cut."""

    token_ids: list[list[int]]
    truncated: int


class TicketTokenizer:
    """A fast tokenizer with head-and-tail truncation.

    Args:
        tokenizer: its own truncation and padding are switched off.
        max_length: most tokens of a text, special tokens included.
    """

    def __init__(self, tokenizer: Tokenizer, max_length: int) -> None:
        tokenizer.no_truncation()
        tokenizer.no_padding()
        self._tokenizer = tokenizer
        self._prefix, self._suffix = _special_tokens(tokenizer)
        self.max_length = max_length

    @classmethod
    def parse(cls, raw: bytes, max_length: int) -> "TicketTokenizer":
        """From the bytes of `tokenizer.json`.

        Raises:
            ArtifactInvalid: the tokenizer library cannot read it.
        """
        try:
            return cls(Tokenizer.from_buffer(raw), max_length)
        except Exception as error:  # the library raises nothing narrower
            raise ArtifactInvalid("tokenizer.json is not a tokenizer") from error

    def encode(self, texts: Sequence[str]) -> Encoded:
        """Encodes texts; runs without the interpreter's lock.

        An empty text gives the special tokens alone.
        """
        room = self.max_length - len(self._prefix) - len(self._suffix)
        max_chars = room * MAX_CHARS_PER_TOKEN
        bounded = [_head_and_tail(text, max_chars) for text in texts]
        encodings = self._tokenizer.encode_batch_fast(bounded, add_special_tokens=False)
        found = [encoding.ids for encoding in encodings]
        truncated = sum(
            len(ids) > room or len(text) > max_chars for ids, text in zip(found, texts, strict=True)
        )
        token_ids = [[*self._prefix, *_head_and_tail(ids, room), *self._suffix] for ids in found]
        return Encoded(token_ids=token_ids, truncated=truncated)

    def save(self, folder: Path) -> None:
        """Writes `tokenizer.json`, and `tokenizer_config.json` for transformers to read it."""
        self._tokenizer.save(str(folder / "tokenizer.json"))
        config = {
            "tokenizer_class": "PreTrainedTokenizerFast",
            "model_max_length": self.max_length,
        }
        (folder / "tokenizer_config.json").write_text(json.dumps(config), encoding="utf-8")


def load_tokenizer(folder: Path, max_length: int) -> TicketTokenizer:
    """The tokenizer of an encoder folder; one without `tokenizer.json` is converted.

    Raises:
        Invalid: the encoder has no positions for `max_length` tokens, or no tokenizer that can be
            read.
    """
    longest = longest_input(folder)
    if max_length > longest:
        fix = f"use at most {longest} or another encoder"
        raise Invalid("max_length", f"is {max_length}, the encoder takes {longest}", fix)
    tokenizer = _fast_tokenizer(folder)
    # transformers makes an empty tokenizer, without a word, where it finds no vocabulary.
    if tokenizer.get_vocab_size() < int(_encoder_config(folder).get("vocab_size") or 0) // 2:
        fix = "name an encoder with tokenizer.json"
        raise Invalid("encoder", "has no tokenizer with its vocabulary", fix)
    return TicketTokenizer(tokenizer, max_length)


def longest_input(folder: Path) -> int:
    """Most tokens that an encoder has positions for; 512 where it does not say.

    Raises:
        Invalid: the folder holds no encoder.
    """
    config = _encoder_config(folder)
    positions = int(config.get("max_position_embeddings") or DEFAULT_MAX_LENGTH)
    return positions - (2 if config.get("model_type") in _PADDED_POSITIONS else 0)


def _encoder_config(folder: Path) -> dict[str, Any]:
    try:
        return dict(json.loads((folder / "config.json").read_bytes()))
    except (OSError, ValueError, TypeError) as error:
        fix = "name a folder with a transformers encoder"
        raise Invalid("encoder", "has no readable config.json", fix) from error


def _fast_tokenizer(folder: Path) -> Tokenizer:
    file = folder / "tokenizer.json"
    try:
        if file.is_file():
            return Tokenizer.from_file(str(file))
        from transformers import AutoTokenizer  # noqa: PLC0415  seconds to import, seldom needed

        found = AutoTokenizer.from_pretrained(folder, use_fast=True, trust_remote_code=False)
        return cast(Tokenizer, found.backend_tokenizer)
    except Exception as error:  # the libraries raise nothing narrower
        fix = "name an encoder with tokenizer.json"
        raise Invalid("encoder", "has no fast tokenizer", fix) from error


def _head_and_tail(whole: Part, room: int) -> Part:
    if len(whole) <= room:
        return whole
    head = round(room * HEAD_SHARE)
    return whole[:head] + whole[len(whole) - (room - head) :]


def _special_tokens(tokenizer: Tokenizer) -> tuple[list[int], list[int]]:
    """What the tokenizer puts before and after a text."""
    whole = tokenizer.encode("a", add_special_tokens=True)
    first = whole.special_tokens_mask.index(0)
    count = whole.special_tokens_mask.count(0)
    return whole.ids[:first], whole.ids[first + count :]
