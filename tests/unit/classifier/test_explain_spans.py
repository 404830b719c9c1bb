from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from classifier.explain_spans import Span, phrases, set_aside, without

_MAIL = (
    "Refund please\nHello, I was charged twice for my order, please pay it back.\n"
    "> Did you look into your account?\n-- \nAnn Miller, refund department of Acme"
)

_texts = st.text(alphabet="ab c.,\n>-返金\t\u00a0é", max_size=300)


@given(_texts, st.integers(1, 30))
def test_phrases_are_few_in_order_apart_and_hold_every_word_that_counts(
    text: str, most: int
) -> None:
    found = phrases(text, most)
    aside = set_aside(text)
    assert len(found) <= most
    assert all(a.end <= b.start for a, b in pairwise(found))
    assert all(text[span.start : span.end].strip() for span in found)
    assert aside or not without(text, found).strip()


def test_a_phrase_ends_where_the_sender_pauses() -> None:
    text = "Refund me. The parcel came\nThanks a lot"
    shown = [text[span.start : span.end] for span in phrases(text, 9)]
    assert shown[0] == "Refund me."
    assert shown[-1] == "Thanks a lot"


def test_signatures_and_quoted_replies_are_in_no_phrase() -> None:
    shown = " ".join(_MAIL[span.start : span.end] for span in phrases(_MAIL, 24))
    assert "charged twice" in shown
    assert "account" not in shown
    assert "Miller" not in shown
    quoted = "It is broken.\nOn Monday, Bob <b@x.org> wrote:\nrefund"
    assert [quoted[s.start : s.end] for s in phrases(quoted, 9)] == ["It is broken."]


def test_text_without_spaces_has_phrases_too() -> None:
    assert len(phrases("返金してください。注文は届きません。", 24)) > 3


def test_leaving_out_spans_that_overlap_leaves_the_rest() -> None:
    assert without("abcdef", [Span(start=3, end=5), Span(start=1, end=4)]) == "af"
    assert without("abc", []) == "abc"
