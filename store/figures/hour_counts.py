"""Counts of decisions by the hour of arrival, so that figures cost the hours of a period.

Whoever stores a decision, or a word about one, leaves a mark on the hour in the same transaction;
triggers see to that, so that nobody can forget it and no late row escapes. An import, which makes
no decision, marks its hours itself. `count_hours` takes the marks of hours that are over and counts
these hours from their rows anew. An hour that has a mark is counted as it is asked for, so figures
are never behind, however long ago the last sweep was.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, text

from core.audit_sample import AUDIT_SALT, draw_limit
from core.types import GroupBy
from store.figures.decision_sql import (
    COUNTED,
    COUNTS,
    DECISIONS,
    GIVEN,
    HITS,
    HOUR,
    JUDGED,
    SPANS,
    WORD_COLUMNS,
    WORDS,
    told_apart,
)
from store.partitions import LAST_UUID, first_uuid

STANDS = "hour >= :first AND hour < :last AND hour <> ALL(CAST(:stale AS timestamptz[]))"
"""Which rows of the tables count; with the values of a `Period`."""
RULE = "rule"
"""What rules did, beside what `GroupBy` tells apart: `tickets` it held for, `automatic` it won."""
BITE = 48  # hours
_SWEEP = 0x686F757273  # any number that no other advisory lock has
_HOUR = timedelta(hours=1)
_LAST = datetime(9999, 12, 31, tzinfo=UTC)

_ALONE = text("SELECT pg_try_advisory_xact_lock(:key)")
_TAKE = text(
    "DELETE FROM stale_hours WHERE hour = ANY(ARRAY(SELECT DISTINCT hour FROM stale_hours "
    "WHERE hour < :over ORDER BY hour LIMIT :most)) RETURNING hour"
)
_FORGET = (
    text("DELETE FROM hour_counts WHERE hour = ANY(:hours)"),
    text("DELETE FROM hour_words WHERE hour = ANY(:hours)"),
    text("DELETE FROM hour_labels WHERE hour = ANY(:hours)"),
)
_KEEP_COUNTS = {
    by: text(
        f"{SPANS} INSERT INTO hour_counts (by, hour, key, {COUNTS}) SELECT '{by}', {HOUR}, "
        f"k.key, {COUNTED} FROM {DECISIONS} {told_apart(by)} GROUP BY 2, 3"
    )
    for by in GroupBy
}
_KEEP_HITS = text(
    f"{HITS} INSERT INTO hour_counts (by, hour, key, {COUNTS}) "
    f"SELECT '{RULE}', hour, rule, sum(held), 0, sum(won), 0 FROM hits GROUP BY 2, 3"
)
_KEEP_WORDS = text(f"{JUDGED} INSERT INTO hour_words ({WORD_COLUMNS}) {WORDS}")
_KEEP_LABELS = text(
    f"{GIVEN} INSERT INTO hour_labels (hour, labels, corrected, tickets) "
    f"SELECT {HOUR}, labels, corrected, count(*) FROM given d WHERE labels IS NOT NULL "
    "GROUP BY 1, 2, 3"
)
_KEEP = (*_KEEP_COUNTS.values(), _KEEP_HITS, _KEEP_WORDS, _KEEP_LABELS)
_MARK = text(
    f"INSERT INTO stale_hours (hour) SELECT DISTINCT {HOUR} "
    "FROM unnest(CAST(:ids AS uuid[])) d(ticket_id)"
)
_STALE = text("SELECT DISTINCT hour FROM stale_hours WHERE hour >= :first AND hour < :last")


@dataclass(frozen=True, slots=True, kw_only=True)
class Period:
    """A period cut in two: hours whose counts stand, and ids that must be counted now.

    Attributes:
        first: the first whole hour.
        last: the first hour that is not whole, or not in it.
        stale: whole hours among them whose counts do not stand.
        spans: ids of tickets from one on and below another; none of them in an hour that stands.
    """

    first: datetime
    last: datetime
    stale: Sequence[datetime]
    spans: Sequence[tuple[UUID, UUID]]

    @property
    def values(self) -> dict[str, Any]:
        """What statements over both parts ask for."""
        return {
            "first": self.first,
            "last": self.last,
            "stale": list(self.stale),
            **span_values(self.spans),
        }


def period(connection: Connection, since: datetime, until: datetime | None) -> Period:
    """Cuts a period; `until` is exclusive, None is the end of time.

    Read before what it is for, so that an hour which is counted meanwhile is not counted twice.
    """
    first = _begin(since) if since == _begin(since) else _begin(since) + _HOUR
    last = max(first, _LAST if until is None else _begin(until))
    stale = sorted(connection.execute(_STALE, {"first": first, "last": last}).scalars())
    end = LAST_UUID if until is None else first_uuid(until)
    spans = [(first_uuid(since), min(first_uuid(first), end))]
    spans += map(span_of, stale)
    spans += [(first_uuid(last), end)] if until is not None else []
    return Period(first=first, last=last, stale=stale, spans=_merged(spans))


def span_of(hour: datetime) -> tuple[UUID, UUID]:
    """Ids of the tickets that arrived in the hour that begins then."""
    return first_uuid(hour), first_uuid(hour + _HOUR)


def span_values(spans: Iterable[tuple[UUID, UUID]]) -> dict[str, list[UUID]]:
    """Spans as `SPANS` wants them."""
    pairs = list(spans)
    return {"lows": [low for low, _ in pairs], "highs": [high for _, high in pairs]}


def draw_values(audit_share: float) -> dict[str, Any]:
    """What the draw for the audit wants to know; `audit_share` in [0, 1]."""
    return {"salt": AUDIT_SALT, "limit": draw_limit(audit_share)}


def mark_hours(connection: Connection, tickets: Sequence[UUID]) -> None:
    """Says that the counts of the hours in which these arrived no longer stand."""
    connection.execute(_MARK, {"ids": list(tickets)})


def count_hours(connection: Connection, *, now: datetime, audit_share: float) -> int:
    """Counts some hours that are over and have a mark; one bite, in a transaction of its own.

    Returns:
        How many; 0 when none is left, or somebody else is at it.
    """
    if not connection.execute(_ALONE, {"key": _SWEEP}).scalar():
        return 0
    taken = connection.execute(_TAKE, {"over": _begin(now), "most": BITE})
    hours = sorted(set(taken.scalars()))
    for statement in _FORGET:
        connection.execute(statement, {"hours": hours})
    spans = _merged(map(span_of, hours))
    values = {**span_values(spans), **draw_values(audit_share)}
    for statement in _KEEP if hours else ():
        connection.execute(statement, values)
    return len(hours)


def _begin(moment: datetime) -> datetime:
    return moment.astimezone(UTC).replace(minute=0, second=0, microsecond=0)


def _merged(spans: Iterable[tuple[UUID, UUID]]) -> list[tuple[UUID, UUID]]:
    """The same without empty ones, those that touch as one; they come in order."""
    found: list[tuple[UUID, UUID]] = []
    for low, high in spans:
        touches = found and found[-1][1] == low
        if low < high:
            found.append((found.pop()[0] if touches else low, high))
    return found
