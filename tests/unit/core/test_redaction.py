import sys

import pytest

from core.errors import Invalid
from core.redaction import AS_GIVEN, marked, redactor
from core.settings import Settings
from core.ticket_json import MAX_SUBJECT_CHARS
from tests.factories.values import a_ticket


def test_nothing_is_taken_out_unless_it_is_asked_for() -> None:
    assert redactor(Settings(_env_file=None)) is AS_GIVEN
    ticket = a_ticket(body="a@example.org")
    assert AS_GIVEN.ticket(ticket) is ticket
    assert AS_GIVEN.text("a@example.org") == "a@example.org"


def test_subject_body_and_texts_in_metadata_are_redacted_and_names_stay() -> None:
    redact = redactor(Settings(redaction="patterns"))
    metadata = {"a@example.org": ["b@example.org", {"deep": "c@example.org"}, 7, None]}
    ticket = a_ticket(
        "d@example.org", subject="e@example.org", body="f@example.org", metadata=metadata,
        customer="g@example.org",
    )  # fmt: skip
    clean = redact.ticket(ticket)
    assert (clean.subject, clean.body) == ("[email]", "[email]")
    assert clean.metadata == {"a@example.org": ["[email]", {"deep": "[email]"}, 7, None]}
    assert (clean.id, clean.customer) == ("d@example.org", "g@example.org")
    assert redact.ticket(clean) == clean


def test_marks_that_are_longer_than_what_they_hide_break_no_limit() -> None:
    subject = "a@b.co " * (MAX_SUBJECT_CHARS // 7)
    clean = redactor(Settings(redaction="patterns")).ticket(a_ticket(subject=subject))
    assert len(clean.subject) <= MAX_SUBJECT_CHARS


def test_presidio_that_is_not_installed_is_named_with_its_extra(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(sys.modules, "presidio_analyzer", None)
    with pytest.raises(Invalid, match="extra `presidio`"):
        redactor(Settings(redaction="presidio"))


def test_of_finds_that_overlap_the_surest_is_marked() -> None:
    said = "I am Ann of Elm Row 9"
    spans = [(5, 8, "person", 0.8), (5, 21, "location", 0.5), (12, 19, "location", 0.6)]
    assert marked(said, spans) == "I am [person] of [location] 9"
