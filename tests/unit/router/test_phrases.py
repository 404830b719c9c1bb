"""Whole words: where a phrase counts as found and where it does not."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from router.phrases import Passage, Phrase


@pytest.mark.parametrize(
    ("text", "phrase", "expected"),
    [
        ("a refund, please", "refund", True),
        ("REFUND", "refund", True),
        ("refunds", "refund", False),
        ("prerefund", "refund", False),
        ("prerefund refund", "refund", True),
        ("my bank\n\t dispute", "bank dispute", True),
        ("xa a a", "a a", True),
        ("snake_case", "snake", False),
        ("re-fund", "re", True),
        ("I write C++!", "c++", True),
        ("Große STRASSE", "straße", True),
        ("次の返金です", "返金", True),
        ("naïve", "na", False),
        ("", "refund", False),
    ],
)
def test_a_phrase_is_found_as_whole_words_in_any_case_and_spacing(
    text: str, phrase: str, expected: bool
) -> None:
    assert bool(Passage(text).first_of([Phrase(phrase)])) is expected


@given(st.text(), st.text(min_size=1), st.text())
def test_a_phrase_between_blanks_is_always_found(before: str, phrase: str, after: str) -> None:
    passage = Passage(f"{before} {phrase} {after}")
    assert passage.first_of([Phrase(phrase)]) or not phrase.strip()


def test_the_first_phrase_by_the_order_of_the_rule_is_the_one_that_is_named() -> None:
    phrases = [Phrase("nothing"), Phrase("second  word"), Phrase("first")]
    assert Passage("first\nsecond word").first_of(phrases) is phrases[1]
