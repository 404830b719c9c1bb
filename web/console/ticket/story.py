"""What the ticket page tells, made from its record by pure functions: scores and a timeline."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from core.types import FeedbackKind
from store.feedback.feedback_history import Entry, Shown
from web.console.words import N_

EVENTS: Mapping[str, str] = {
    "received": N_("Received"),
    "decided": N_("Decided"),
    "confirmed": N_("Confirmed"),
    "wrong_label": N_("Labels corrected"),
    "wrong_route": N_("Department corrected"),
    "moved_for_load": N_("Moved for load"),
    "skipped": N_("Skipped"),
    "withdrawn": N_("Taken back"),
    "review": N_("Put up for review"),
    "reviewed": N_("Review settled"),
    "ticket.routed": N_("Helpdesk told"),
    "ticket.route_failed": N_("Helpdesk told of the failure"),
    "ticket.ping_pong": N_("Passed on too often: given to the lead"),
}
"""What can have happened, as people read it; anything else is shown as it is."""
_TOLD_BESIDE = frozenset({"ticket.classified", "ticket.review_required", "feedback.recorded"})


@dataclass(frozen=True, slots=True, kw_only=True)
class ScoreLine:
    """A label's score in [0, 1] against the threshold of then; None where that is not known."""

    label: str
    score: float
    threshold: float | None
    place: str

    @property
    def counts(self) -> bool:
        """Whether the label is one of the decision."""
        return self.place == "predicted"


@dataclass(frozen=True, slots=True, kw_only=True)
class Happening:
    """An entry of the timeline.

    Attributes:
        at: when.
        what: a key of `EVENTS`.
        who: did it.
        outcome: labels and department that somebody gave.
        note: that they left.
        decision: that was made, with what scored it and why.
        doubts: for which it was put up for review.
        verdict: of the review.
    """

    at: datetime
    what: str
    who: str = ""
    outcome: str = ""
    note: str = ""
    decision: Mapping[str, Any] | None = None
    doubts: tuple[str, ...] = ()
    verdict: str = ""


def score_lines(
    decision: Mapping[str, Any] | None, thresholds: Mapping[str, float]
) -> tuple[ScoreLine, ...]:
    """Every score of a decision, the highest first."""
    if decision is None:
        return ()
    lines = (
        ScoreLine(
            label=label, score=score, threshold=thresholds.get(label), place=_place(decision, label)
        )
        for label, score in decision["scores"].items()
    )
    return tuple(sorted(lines, key=lambda line: (-line.score, line.label)))


def story(record: Mapping[str, Any]) -> tuple[Happening, ...]:
    """What happened to a ticket, oldest first (`store.decided.records.ticket_record`)."""
    return tuple(sorted(_happenings(record), key=lambda each: each.at))


def standing(entries: Sequence[Entry], shown: Shown, revision: int) -> Shown:
    """Labels and department of a ticket by the last word about each, else by the decision."""
    labels, department = shown.labels, shown.department
    for entry in entries:
        if entry.revision != revision:
            continue
        if "labels" in entry.stands_for and entry.kind is FeedbackKind.WRONG_LABEL:
            labels = entry.labels or ()
        if "route" in entry.stands_for and entry.kind is not FeedbackKind.CONFIRMED:
            department = entry.department or department
    return Shown(labels=labels, department=department)


def seen_tag(entries: Sequence[Entry]) -> str:
    """Changes with every word that is said of a ticket or taken back."""
    return f"{len(entries)}.{sum(entry.withdrawn_by is not None for entry in entries)}"


def _place(decision: Mapping[str, Any], label: str) -> str:
    if label in decision["labels"]:
        return "predicted"
    if label in decision["preselected"]:
        return "preselected"
    return "suggested" if label in decision["suggested"] else ""


def _happenings(record: Mapping[str, Any]) -> Iterator[Happening]:
    yield _happening(record["received_at"], "received", who=record["source"])
    for decision in [*record["superseded_decisions"], record["decision"]]:
        if decision is not None:
            yield _happening(decision["decided_at"], "decided", decision=decision)
    for said in record["corrections"]:
        words = [*(said["labels"] or ()), *filter(None, [said["department"]])]
        given = {"who": said["agent"], "outcome": ", ".join(words), "note": said["note"] or ""}
        yield _happening(said["created_at"], said["kind"], **given)
    for item in record["reviews"]:
        yield _happening(item["created_at"], "review", doubts=tuple(item["reasons"]))
        if item["resolved_at"] is not None:
            settled = {"who": item["resolved_by"] or "", "verdict": item["outcome"] or ""}
            yield _happening(item["resolved_at"], "reviewed", **settled)
    for event in record["events"]:
        if event["event"] not in _TOLD_BESIDE:
            yield _happening(event["created_at"], event["event"])


def _happening(at: str, what: str, **more: Any) -> Happening:
    return Happening(at=datetime.fromisoformat(at), what=what, **more)
