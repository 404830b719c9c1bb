"""Texts that are meant to keep a tokenizer busy, by the real one."""

import pytest

from classifier.encoders import resolve_encoder
from classifier.encoding import TicketTokenizer, load_tokenizer

_MILLION = 1_000_000
TEXTS = {
    "one letter": "a" * _MILLION,
    "one mark": "." * _MILLION,
    "marks upon marks": "Z" + "\u0321\u0322\u0353\u0301" * (_MILLION // 4),
    "emoji": "\U0001f600" * _MILLION,
    "families of emoji": "\U0001f468\u200d\U0001f469\u200d\U0001f467" * (_MILLION // 5),
    "written backwards": "\u202e\u05d0" * (_MILLION // 2),
    "nothing but spaces": " \t\n\u00a0" * (_MILLION // 4),
    "no spaces in Chinese": "\u8bf7" * _MILLION,
    "replacement characters": "\ufffd" * _MILLION,
}


@pytest.fixture(scope="module")
def tokenizer() -> TicketTokenizer:
    return load_tokenizer(resolve_encoder("minilm"), 256)


@pytest.mark.parametrize("text", TEXTS)
def test_a_million_characters_are_cut_and_read_like_any_text(
    tokenizer: TicketTokenizer, text: str
) -> None:
    found = tokenizer.encode([TEXTS[text], "Where is my parcel?"])
    assert len(found.token_ids[0]) <= 256
    assert found.token_ids[1] == tokenizer.encode(["Where is my parcel?"]).token_ids[0]
