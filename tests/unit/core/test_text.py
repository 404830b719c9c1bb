from hypothesis import given
from hypothesis import strategies as st

from core.text import REPLACEMENT, clean_text, model_text, plain_text


@given(st.text(alphabet=st.characters(codec=None, exclude_categories=())))
def test_cleaned_text_can_always_be_stored(raw: str) -> None:
    cleaned = clean_text(raw).text
    cleaned.encode("utf-8")
    assert "\x00" not in cleaned
    assert clean_text(cleaned).text == cleaned


def test_nul_and_lone_surrogates_are_replaced_and_counted() -> None:
    cleaned = clean_text("a\x00b\ud800c")
    assert cleaned.text == f"a{REPLACEMENT}b{REPLACEMENT}c"
    assert cleaned.replaced == 2


def test_tabs_and_line_breaks_stay_and_other_controls_go() -> None:
    assert clean_text("a\tb\nc\r\x07").text == "a\tb\nc\r"


def test_html_is_read_as_what_a_reader_sees() -> None:
    html = "<html><style>p{}</style><p>Hello &amp; <b>bye</b></p><script>x()</script><p>Bill</p>"
    assert plain_text(html) == "Hello & bye\nBill"


def test_text_with_angle_brackets_that_is_not_html_is_kept() -> None:
    text = "if a < b and c > d: see <mail@example.com>"
    assert plain_text(text) == text


def test_an_empty_ticket_has_no_text_to_read() -> None:
    assert model_text(" ", "<p> </p>") == ""


@given(st.text(), st.text())
def test_any_ticket_has_a_text_to_read(subject: str, body: str) -> None:
    assert isinstance(model_text(subject, body), str)
