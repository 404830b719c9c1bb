import json
import warnings
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tokenizers import Tokenizer
from tokenizers.models import WordLevel
from tokenizers.pre_tokenizers import Whitespace

from classifier.encoding import MAX_CHARS_PER_TOKEN, TicketTokenizer, load_tokenizer
from core.errors import ArtifactInvalid, Invalid
from tests.factories.artifacts import WORDS, build_tiny_encoder, tiny_tokenizer

plain = tiny_tokenizer()
tokenizer = TicketTokenizer(tiny_tokenizer(), max_length=16)
CLS, SEP = plain.token_to_id("[CLS]"), plain.token_to_id("[SEP]")


@settings(max_examples=50)
@given(st.lists(st.text(max_size=200), max_size=5))
def test_every_text_gets_its_tokens_between_the_special_ones(texts: list[str]) -> None:
    encoded = tokenizer.encode(texts)
    assert len(encoded.token_ids) == len(texts)
    for ids in encoded.token_ids:
        assert len(ids) <= 16
        assert (ids[0], ids[-1]) == (CLS, SEP)


def test_a_short_text_is_encoded_as_the_tokenizer_itself_does() -> None:
    text = "where is my package?"
    assert tokenizer.encode([text]).token_ids == [plain.encode(text).ids]


def test_of_a_long_text_head_and_tail_are_kept() -> None:
    words = (list(WORDS) * 3)[:40]
    encoded = tokenizer.encode([" ".join(words), "refund"])
    kept = [plain.id_to_token(i) for i in encoded.token_ids[0][1:-1]]
    assert len(kept) == 14
    head = next(n for n, (a, b) in enumerate(zip(kept, words, strict=False)) if a != b)
    assert kept == words[:head] + words[head - 14 :]
    assert 0 < head < 14
    assert encoded.truncated == 1


def test_a_text_that_just_fits_does_not_count_as_truncated() -> None:
    assert tokenizer.encode([" ".join(WORDS[:14])]).truncated == 0
    assert tokenizer.encode([" ".join(WORDS[:15])]).truncated == 1


def test_an_endless_text_is_cut_before_it_is_tokenized() -> None:
    text = "refund " + "x" * 1_000_000 + " late"
    encoded = tokenizer.encode([text])
    assert encoded.truncated == 1
    assert plain.id_to_token(encoded.token_ids[0][1]) == "refund"
    assert plain.id_to_token(encoded.token_ids[0][-2]) == "late"


def test_a_text_cut_by_characters_counts_even_when_few_tokens_remain() -> None:
    text = "refund" + " " * 16 * MAX_CHARS_PER_TOKEN + "late"
    encoded = tokenizer.encode([text])
    assert len(encoded.token_ids[0]) == 4
    assert encoded.truncated == 1


def test_a_tokenizer_without_special_tokens_gives_none() -> None:
    bare = Tokenizer(WordLevel({"[UNK]": 0, "a": 1}, unk_token="[UNK]"))
    bare.pre_tokenizer = Whitespace()
    assert TicketTokenizer(bare, 8).encode(["a a", ""]).token_ids == [[1, 1], []]


def test_truncation_and_padding_stored_in_the_file_are_not_obeyed() -> None:
    stored = tiny_tokenizer()
    stored.enable_truncation(4)
    stored.enable_padding(length=9)
    ids = TicketTokenizer.parse(stored.to_str().encode(), 16).encode(["a b c d e"]).token_ids
    assert len(ids[0]) == 7


def test_it_survives_its_file_and_transformers_reads_it_too(tmp_path: Path) -> None:
    tokenizer.save(tmp_path)
    again = TicketTokenizer.parse((tmp_path / "tokenizer.json").read_bytes(), 16)
    assert again.encode(["refund please"]) == tokenizer.encode(["refund please"])
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from transformers import AutoTokenizer  # noqa: PLC0415  seconds to import

        read = AutoTokenizer.from_pretrained(tmp_path)
    assert read("refund please")["input_ids"] == again.encode(["refund please"]).token_ids[0]


@pytest.mark.parametrize("raw", [b"", b"{}", b"\xff\xff", b"[1]"])
def test_a_damaged_file_is_refused(raw: bytes) -> None:
    with pytest.raises(ArtifactInvalid):
        TicketTokenizer.parse(raw, 16)


def test_more_tokens_than_the_encoder_has_positions_are_refused(tmp_path: Path) -> None:
    folder = build_tiny_encoder(tmp_path / "encoder")
    assert load_tokenizer(folder, 512).max_length == 512
    with pytest.raises(Invalid, match="the encoder takes 512"):
        load_tokenizer(folder, 513)


def test_two_positions_of_a_roberta_are_not_for_tokens(tmp_path: Path) -> None:
    folder = build_tiny_encoder(tmp_path / "encoder")
    config = {"model_type": "roberta", "max_position_embeddings": 514}
    (folder / "config.json").write_text(json.dumps(config))
    with pytest.raises(Invalid, match="the encoder takes 512"):
        load_tokenizer(folder, 513)


def test_a_folder_that_is_no_encoder_is_refused(tmp_path: Path) -> None:
    with pytest.raises(Invalid, match="readable config"):
        load_tokenizer(tmp_path, 16)


def test_an_encoder_without_a_tokenizer_is_refused(tmp_path: Path) -> None:
    folder = build_tiny_encoder(tmp_path / "encoder")
    (folder / "tokenizer.json").unlink()
    with pytest.raises(Invalid, match="its vocabulary"):
        load_tokenizer(folder, 16)


def test_a_damaged_tokenizer_of_an_encoder_is_the_callers_fault(tmp_path: Path) -> None:
    folder = build_tiny_encoder(tmp_path / "encoder")
    (folder / "tokenizer.json").write_text("{")
    with pytest.raises(Invalid, match="fast tokenizer"):
        load_tokenizer(folder, 16)


def test_a_word_list_alone_is_converted(tmp_path: Path) -> None:
    folder = build_tiny_encoder(tmp_path / "encoder")
    (folder / "tokenizer.json").unlink()
    pieces = sorted(plain.get_vocab(), key=plain.get_vocab().__getitem__)
    (folder / "vocab.txt").write_text("\n".join([*pieces, "[MASK]"]))
    (folder / "tokenizer_config.json").write_text('{"tokenizer_class": "BertTokenizer"}')
    converted = load_tokenizer(folder, 16)
    assert converted.encode(["refund please"]).token_ids == [plain.encode("refund please").ids]
