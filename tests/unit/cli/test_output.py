import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cli.output import Output, complain, printable


@given(st.text(), st.integers(min_value=1, max_value=80))
def test_text_from_outside_becomes_one_harmless_line(text: str, width: int) -> None:
    line = printable(text, width)
    assert len(line) <= width
    assert all(character.isprintable() for character in line)


def test_escape_sequences_and_changes_of_direction_lose_their_power() -> None:
    assert printable("a\x1b[31mb\u202ec\x9b2J\nd", 40) == "a [31mb c 2J d"


def test_long_text_ends_in_an_ellipsis() -> None:
    assert printable("abcdef", 4) == "abc…"


def test_without_json_words_go_to_stdout_and_the_result_nowhere(
    capsys: pytest.CaptureFixture[str],
) -> None:
    output = Output(as_json=False)
    output.say("hello [bold]x[/]")
    output.result({"a": 1})
    assert capsys.readouterr() == ("hello [bold]x[/]\n", "")


def test_with_json_stdout_carries_json_alone(capsys: pytest.CaptureFixture[str]) -> None:
    output = Output(as_json=True)
    output.say("hello")
    output.result({"a": "ü"})
    out, err = capsys.readouterr()
    assert (json.loads(out), err) == ({"a": "ü"}, "hello\n")


def test_complaints_go_to_stderr(capsys: pytest.CaptureFixture[str]) -> None:
    complain("no")
    assert capsys.readouterr() == ("", "no\n")
