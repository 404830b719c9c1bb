"""Forms in which rules are tried, as the API takes them."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Annotated, Any, Literal, TypeAlias

from fastapi import Form
from pydantic import BaseModel, ConfigDict, Field

from core.errors import Invalid
from router.rules_yaml import MAX_BYTES, dump_rules, load_rules
from router.ruleset import ruleset_object

_MOST_ROWS = 20
_Draft: TypeAlias = Annotated[str, Field(max_length=MAX_BYTES)]
Draft: TypeAlias = Annotated[str, Form(max_length=MAX_BYTES)]
"""A whole ruleset as JSON or YAML; blank for the one that decides now."""
_Short: TypeAlias = Annotated[str, Field(max_length=200)]
_Rows: TypeAlias = Annotated[list[_Short], Field(max_length=_MOST_ROWS)]


class TryForm(BaseModel):
    """A stored ticket, or a text with scores: `score[n]` is that of `label[n]`."""

    model_config = ConfigDict(extra="forbid")

    of: Literal["stored", "text"] = "stored"
    draft: _Draft = ""
    ticket: _Short = ""
    at: _Short = ""
    subject: Annotated[str, Field(max_length=1_000)] = ""
    body: Annotated[str, Field(max_length=100_000)] = ""
    channel: _Short = ""
    language: _Short = ""
    customer: _Short = ""
    priority: _Short = ""
    label: _Rows = []
    score: _Rows = []


class HistoryForm(BaseModel):
    """A period, and levels to try: `automation[n]` and `auto_from[n]` are those of `label[n]`."""

    model_config = ConfigDict(extra="forbid")

    draft: _Draft = ""
    days: Annotated[int, Field(ge=1, le=3_660)] = 30
    until: _Short = ""
    label: _Rows = []
    automation: _Rows = []
    auto_from: _Rows = []


def drafted(draft: str) -> dict[str, Any] | None:
    """The ruleset of a draft; None where the one that decides now is meant.

    Raises:
        Invalid: the line and field, what is wrong with it and what to do.
    """
    return ruleset_object(load_rules(draft)) if draft.strip() else None


def as_text(draft: str) -> str:
    """A draft as people read it: YAML; as it is where it is no ruleset, or none is given."""
    try:
        return dump_rules(load_rules(draft)) if draft.strip() else ""
    except Invalid:
        return draft


def moment_of(given: str, field: str) -> datetime | None:
    """A moment of a form, which is meant in UTC; None for none.

    Raises:
        Invalid: it is no date and time.
    """
    if not given.strip():
        return None
    try:
        read = datetime.fromisoformat(given.strip())
        return read.astimezone(UTC) if read.tzinfo else read.replace(tzinfo=UTC)
    except (ValueError, OverflowError) as error:
        fix = "give one such as 2026-03-01T09:30"
        raise Invalid(field, "is no date and time", fix) from error


def ticket_object(form: TryForm) -> dict[str, Any]:
    """The ticket that was written into the form, as `core.ticket_json` reads it."""
    facts = {name: getattr(form, name).strip() for name in _FACTS}
    given = {name: fact for name, fact in facts.items() if fact}
    return {"id": "tried", "subject": form.subject, "body": form.body, **given}


def scores_of(form: TryForm) -> Mapping[str, float]:
    """The scores that were filled in.

    Raises:
        Invalid: one of them is no number.
    """
    rows = zip(form.label, form.score, strict=False)
    return {
        label.strip(): number(score, f"the score of {label.strip()}")
        for label, score in rows
        if label.strip() and score.strip()
    }


def levels_of(form: HistoryForm) -> Mapping[str, Mapping[str, Any]]:
    """The levels that were filled in; without a score it is the model's own threshold.

    Raises:
        Invalid: a score is no number.
    """
    rows = zip(form.label, form.automation, form.auto_from, strict=False)
    return {
        label: {
            "automation": automation or "auto",
            "auto_from": number(score, f"the score of {label}") if score.strip() else None,
        }
        for label, automation, score in rows
        if label
    }


def number(given: str, field: str) -> float:
    """A score of a form, with a point or a comma.

    Raises:
        Invalid: it is none.
    """
    try:
        score = float(given.strip().replace(",", "."))
    except ValueError as error:
        raise Invalid(field, "is no number", "give one from 0 to 1") from error
    if not 0 <= score <= 1:
        raise Invalid(field, "is out of range", "give a number from 0 to 1")
    return score


_FACTS = ("channel", "language", "customer", "priority")
