"""What the ticket page tells, made from its record by pure functions: scores and a timeline."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from core.types import FeedbackKind
from router.explain import rung_words, why
from store.feedback_history import Entry, Shown
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
    """An entry of the timeline: what, when, who or by which versions, and what came of it."""

    at: datetime
    what: str
    who: str
    outcome: str
    note: str = ""


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
    """What happened to a ticket, oldest first (`store.records.ticket_record`)."""
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
    yield _happening(record["received_at"], "received", record["source"], "")
    for decision in [*record["superseded_decisions"], record["decision"]]:
        if decision is not None:
            yield _decided(decision)
    for said in record["corrections"]:
        words = [*(said["labels"] or ()), *filter(None, [said["department"]])]
        yield _happening(
            said["created_at"], said["kind"], said["agent"], ", ".join(words), said["note"] or ""
        )
    for item in record["reviews"]:
        reasons = ", ".join(item["reasons"]).replace("_", " ")
        yield _happening(item["created_at"], "review", "", reasons)
        if item["resolved_at"] is not None:
            yield _happening(
                item["resolved_at"], "reviewed", item["resolved_by"] or "", item["outcome"] or ""
            )
    for event in record["events"]:
        yield _happening(event["created_at"], event["event"], "", "")


def _decided(decision: Mapping[str, Any]) -> Happening:
    by = [rung_words(decision["rung"]), decision["model_version"] or ""]
    rules = f"rules {decision['ruleset_version']}"
    reason = why(decision["reason"], decision["rule"])
    return _happening(
        decision["decided_at"],
        "decided",
        ", ".join(filter(None, [" ".join(filter(None, by)), rules])),
        f"{decision['primary_department']}: {reason}",
    )


def _happening(at: str, what: str, who: str, outcome: str, note: str = "") -> Happening:
    return Happening(at=datetime.fromisoformat(at), what=what, who=who, outcome=outcome, note=note)
