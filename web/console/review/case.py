"""What the review page shows of one ticket, shaped by pure functions."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from core.types import ReviewReason
from store.feedback.review import ReviewItem
from store.rules.taxonomy import Label
from web.console.words import N_

DIGITS = 9
REASONS: Mapping[ReviewReason, str] = {
    ReviewReason.BELOW_THRESHOLD: N_("no label was likely enough"),
    ReviewReason.EXCLUDED_LABEL: N_("a likely label is not on level auto"),
    ReviewReason.NO_RULE: N_("no rule is about its labels"),
    ReviewReason.UNSUPPORTED_LANGUAGE: N_("the model is not fit for its language"),
    ReviewReason.UNCONFIRMED_LABEL: N_("labels were offered and none counted"),
    ReviewReason.AUDIT: N_("drawn for the audit"),
    ReviewReason.HELD_CORRECTION: N_("a correction looked odd"),
    ReviewReason.PING_PONG: N_("passed on too often: say where it belongs"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Option:
    """A label to give: `percent` in 0..100 is its score; `digit` in 1..9 its key, 0 for none."""

    label: Label
    percent: int
    ticked: bool
    digit: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """A ticket in review.

    Attributes:
        item: None where feedback was taken back and the queue has closed its item.
        labels: that were found on it.
        options: those found on it first, then by score; the first nine have digits.
    """

    item: ReviewItem | None
    ticket_id: UUID
    external_id: str
    revision: int
    subject: str
    body: str
    facts: tuple[str, ...]
    department: str | None
    labels: tuple[str, ...]
    options: tuple[Option, ...]


def case_of(record: Mapping[str, Any], item: ReviewItem | None, labels: Sequence[Label]) -> Case:
    """The case that a ticket's record (`store.decided.records.ticket_record`) and its item make."""
    ticket, decision = record["ticket"], record["decision"] or {}
    found = _found(decision, item)
    facts = (ticket[name] for name in ("channel", "language", "customer", "priority"))
    return Case(
        item=item,
        ticket_id=UUID(record["id"]),
        external_id=record["external_id"],
        revision=item.revision if item else record["revision"],
        subject=ticket["subject"].strip(),
        body=ticket["body"],
        facts=tuple(fact for fact in facts if fact),
        department=decision.get("primary_department"),
        labels=found,
        options=_options(labels, decision.get("scores", {}), found),
    )


def changes(
    labels: Sequence[str], department: str, case: Case
) -> tuple[list[str] | None, str | None]:
    """What a form says that differs from what was found: labels, department; None where equal."""
    moved = department if department and department != case.department else None
    return (None if {*labels} == {*case.labels} else list(labels)), moved


def _found(decision: Mapping[str, Any], item: ReviewItem | None) -> tuple[str, ...]:
    if item is not None:
        return item.labels
    return tuple([*decision.get("labels", []), *decision.get("preselected", [])])


def _options(
    labels: Sequence[Label], scores: Mapping[str, float], found: Sequence[str]
) -> tuple[Option, ...]:
    best = sorted(labels, key=lambda x: (x.name not in found, -scores.get(x.name, 0), x.name))
    return tuple(
        Option(
            label=label,
            percent=round(100 * scores.get(label.name, 0)),
            ticked=label.name in found,
            digit=place if place <= DIGITS else 0,
        )
        for place, label in enumerate(best, 1)
    )
