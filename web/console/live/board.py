"""What the page shows, made from rows by pure functions: cards, counts, and words for them."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from core.types import Reason, Rung, TicketState
from store.decided.records import DecidedTicket
from store.queue.workers import Worker

HUES = 10
_LABELS_SHOWN = 4
_NEAR_MISSES_SHOWN = 2
_LEAST_SHOWN = 0.01


@dataclass(frozen=True, slots=True, kw_only=True)
class LabelBar:
    """A label with its score: `percent` in 0..100, `predicted` if it reached its threshold."""

    name: str
    percent: int
    predicted: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Track:
    """A department and the number, in 0..9, of its colour; `x` and `width` are percentages."""

    name: str
    hue: int
    count: int
    x: float
    width: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Card:
    """One decided ticket.

    Attributes:
        key: changes when the ticket is decided anew.
        more_labels: predicted labels beyond those shown.
        why: why the department has it, in words.
        by_default: whether no rule placed it.
        rung: what scored it, in words, when that was not the model; else empty.
    """

    key: str
    id: UUID
    subject: str
    sender: str
    labels: tuple[LabelBar, ...]
    more_labels: int
    department: str
    hue: int
    collaborators: tuple[str, ...]
    reason: str
    rule: str | None
    by_default: bool
    rung: str
    failed: bool
    decided_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Counts:
    """The line of figures on top.

    Attributes:
        waiting: tickets on their way.
        oldest_s: how long the first of them has waited, in seconds.
        quarantined: tickets that failed.
        decided: by the workers seen within a week.
        workers: those alive, each with its device and what scores.
        model: version of the active model; None when none is.
        ruleset: version of the active rules.
        per_minute: decisions, of late.
    """

    waiting: int
    oldest_s: float
    quarantined: int
    decided: int
    workers: tuple[tuple[str, str], ...]
    model: str | None
    ruleset: int | None
    per_minute: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Board:
    """The page; `older` is the cursor of the next page, None where there is none or after none."""

    counts: Counts
    tracks: tuple[Track, ...]
    cards: tuple[Card, ...]
    older: str | None = None


def make_cards(tickets: Sequence[DecidedTicket], departments: Sequence[str]) -> tuple[Card, ...]:
    """Cards in the order of the tickets; `departments` are those with a colour of their own."""
    return tuple(
        _card(ticket, hue_of(ticket.primary_department, departments)) for ticket in tickets
    )


def make_tracks(cards: Sequence[Card]) -> tuple[Track, ...]:
    """How the cards spread over departments, largest share first; widths add up to 100."""
    shares = Counter((card.department, card.hue) for card in cards).most_common()
    tracks, x = [], 0.0
    for (name, hue), count in shares:
        width = 100 * count / len(cards)
        tracks.append(Track(name=name, hue=hue, count=count, x=x, width=width))
        x += width
    return tuple(tracks)


def count_decided(workers: Sequence[Worker]) -> int:
    """Tickets that these workers decided."""
    return int(sum(worker.report.counters.get("tickets_decided", 0) for worker in workers))


def describe_workers(workers: Sequence[Worker]) -> tuple[tuple[str, str], ...]:
    """The living ones: device and rung of each."""
    return tuple((worker.device, worker.report.rung) for worker in workers if worker.alive)


def hue_of(department: str, departments: Sequence[str]) -> int:
    """The number of a department's colour: neighbours in the list differ, others are grey (9)."""
    if department not in departments:
        return HUES - 1
    return departments.index(department) % (HUES - 1)


def _card(ticket: DecidedTicket, hue: int) -> Card:
    return Card(
        key=f"{ticket.id}-{ticket.decided_at.timestamp():.6f}",
        id=ticket.id,
        subject=ticket.subject.strip(),
        sender=f"{ticket.source} / {ticket.external_id}",
        labels=_bars(ticket),
        more_labels=max(0, len(ticket.labels) - _LABELS_SHOWN),
        department=ticket.primary_department,
        hue=hue,
        collaborators=ticket.collaborators,
        reason=ticket.reason,
        rule=ticket.rule,
        by_default=ticket.reason != Reason.RULE,
        rung="" if ticket.rung == Rung.MODEL else ticket.rung,
        failed=ticket.state == TicketState.QUARANTINED,
        decided_at=ticket.decided_at,
    )


def _bars(ticket: DecidedTicket) -> tuple[LabelBar, ...]:
    """The predicted labels; without any, those that came nearest."""
    scored = [label for label, score in ticket.scores.items() if score >= _LEAST_SHOWN]
    nearest = sorted(scored, key=lambda label: (-ticket.scores[label], label))
    shown = ticket.labels[:_LABELS_SHOWN] or nearest[:_NEAR_MISSES_SHOWN]
    return tuple(
        LabelBar(
            name=label,
            percent=round(100 * ticket.scores.get(label, 0)),
            predicted=label in ticket.labels,
        )
        for label in shown
    )
