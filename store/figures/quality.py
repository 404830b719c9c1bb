"""How good decisions were by what agents said of them: counts by day, label, language and so on.

Figures are of tickets that arrived within some days. Without a filter decisions are counted whole
(`store.figures.hour_counts`), and the times that they took are those of a sample where there are
more than are wanted. With one, everything but what people said is what the sample says of all. Of
what was said the newest word that stands counts, about labels and about the route apart. What
agents said by themselves is no fair sample; the audit is (`store.figures.audit_sample`).
"""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import Connection, Row, text

from core.intervals import Interval, share_interval
from core.types import GroupBy
from store.figures.decision_sql import (
    ARRIVED_MS,
    COUNTED,
    COUNTS,
    DECISIONS,
    JUDGED,
    KEYS,
    SPANS,
    WORD_COLUMNS,
    WORDS,
    told_apart,
)
from store.figures.hour_counts import STANDS, draw_values, period
from store.partitions import LAST_UUID, first_uuid
from store.rules import label_history


class Outcome(StrEnum):
    """What became of a decision: it was left as it was, changed, or passed over."""

    ACCEPTED = "accepted"
    REPLACED = "replaced"
    SKIPPED = "skipped"


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """Which decisions are counted; None takes all.

    Attributes:
        since: when the first of the tickets arrived.
        until: when the first arrived that is not wanted.
        most: about so many decisions are looked at for times, and with a filter; None for all.
        wants_times: whether it matters how long decisions took.
        audit_share: of all tickets that is drawn for the audit, in [0, 1].
        version: of the model that decided.
        language: as the sender gave it; likewise the channel.
        department: the primary one.
    """

    since: datetime
    until: datetime | None = None
    most: int | None = None
    wants_times: bool = True
    audit_share: float = 0.0
    version: str | None = None
    language: str | None = None
    channel: str | None = None
    department: str | None = None


@dataclass(slots=True, kw_only=True)
class Figures:
    """One group of decisions; with `GroupBy.LABEL`, those that predicted the label.

    Attributes:
        tickets: decided.
        covered: of those, with any predicted label.
        automatic: of those, placed by a rule with nothing left for a person to confirm.
        drawn: of those, drawn for the audit.
        timed: decisions that the next two were taken from.
        p50_s: seconds from arrival to the standing decision in half of the first revisions; None
            where there is none.
        p95_s: the same in 95 of 100.
        outcomes: of the decisions that agents said something about; of a label, what became of
            its predictions.
        hits: predicted labels that agents left, over all judged tickets.
        predicted: labels predicted for them.
        actual: labels that they have by what agents said.
        moved: decisions after which people moved the ticket to another department.
        audited: drawn decisions that agents accepted or replaced.
        audited_right: of those, accepted.
    """

    tickets: int = 0
    covered: int = 0
    automatic: int = 0
    drawn: int = 0
    timed: int = 0
    p50_s: float | None = None
    p95_s: float | None = None
    outcomes: Counter[Outcome] = field(default_factory=Counter)
    hits: int = 0
    predicted: int = 0
    actual: int = 0
    moved: int = 0
    audited: int = 0
    audited_right: int = 0

    @property
    def judged(self) -> int:
        """Decisions that agents accepted or replaced."""
        return self.outcomes[Outcome.ACCEPTED] + self.outcomes[Outcome.REPLACED]

    @property
    def override_rate(self) -> float | None:
        """Share of the judged ones that agents replaced, in [0, 1]; None where none was judged."""
        return _share(self.outcomes[Outcome.REPLACED], self.judged)

    @property
    def coverage(self) -> float | None:
        """Share of the tickets with a predicted label; None where there is no ticket."""
        return _share(self.covered, self.tickets)

    @property
    def automatic_share(self) -> float | None:
        """Share of the tickets that were placed without anybody's help; None likewise."""
        return _share(self.automatic, self.tickets)

    @property
    def bounce_rate(self) -> float | None:
        """Share of the tickets that people moved to another department; None likewise.

        At most 1, though both counts are of a sample and of all where a sample was drawn.
        """
        share = _share(self.moved, self.tickets)
        return None if share is None else min(1.0, share)

    @property
    def accuracy(self) -> Interval | None:
        """Share of right decisions by the random audit, which speaks for all of them."""
        return share_interval(self.audited_right, self.audited)

    @property
    def precision(self) -> float | None:
        """Share of the predicted labels that agents left; None where none was judged."""
        return _share(self.hits, self.predicted)

    @property
    def recall(self) -> float | None:
        """Share of the labels that tickets have which were predicted; None likewise."""
        return _share(self.hits, self.actual)


_FILTERS = {
    "version": KEYS[GroupBy.VERSION],
    "language": KEYS[GroupBy.LANGUAGE],
    "channel": KEYS[GroupBy.CHANNEL],
    "department": KEYS[GroupBy.DEPARTMENT],
}
_PERIOD = "d.ticket_id >= :low AND d.ticket_id < :high"
_SAMPLE_DRAWS = 2**30
_IN_SAMPLE = f"(uuid_hash_extended(d.ticket_id, 0) & {_SAMPLE_DRAWS - 1}) < :draws"
# As PostgreSQL last counted them: -1 in a part that it never looked at.
_ROWS = text(
    "SELECT coalesce(sum(greatest(c.reltuples, 0)), 0) FROM pg_inherits i "
    "JOIN pg_class c ON c.oid = i.inhrelid WHERE i.inhparent = CAST('decisions' AS regclass)"
)
_SECONDS = f"greatest(0, extract(epoch FROM d.decided_at) - ({ARRIVED_MS}) / 1000.0)"
_TIMES = (
    f"percentile_cont(ARRAY[0.5, 0.95]) WITHIN GROUP (ORDER BY {_SECONDS}) "
    "FILTER (WHERE d.revision = 1) AS seconds"
)
_SUMS = ", ".join(f"sum({name})::bigint AS {name}" for name in COUNTS.split(", "))


def figures(connection: Connection, asked: Asked, by: GroupBy) -> dict[str, Figures]:
    """Figures of each group, by its name; labels under the names of today."""
    found: dict[str, Figures] = defaultdict(Figures)
    meaning = label_history.meaning(connection)

    def names(key: str) -> Iterable[str]:
        return meaning.read([key]).labels if by is GroupBy.LABEL else [key]

    _add_decisions(connection, found, asked, by, names)
    for row in _said(connection, asked, by):
        predicted = set(meaning.read(row.predicted).labels)
        actual = None if row.truth is None else set(meaning.read(row.truth).labels)
        if by is GroupBy.LABEL:
            _add_labels(found, row, predicted, actual)
        else:
            _add(found[row.key], row, predicted, actual)
    return dict(sorted(found.items()))


def _add_decisions(
    connection: Connection,
    found: Mapping[str, Figures],
    asked: Asked,
    by: GroupBy,
    names: Callable[[str], Iterable[str]],
) -> None:
    """Counts of all decisions, or with a filter what a sample says of them; and times of it."""
    is_whole = not _filters(asked)
    for row in _counted(connection, asked, by) if is_whole else ():
        for name in names(row.key):
            _count(found[name], row, 1.0)
    if is_whole and not asked.wants_times:
        return
    decisions = decisions_between(connection, asked.since, asked.until)
    for row in _sampled(connection, asked, by, decisions):
        for name in names(row.key):
            _time(found[name], row)
            if not is_whole:
                _count(found[name], row, share_of(decisions, asked.most))


def decisions_between(connection: Connection, since: datetime, until: datetime | None) -> int:
    """How many decisions stand on tickets that arrived then; None is the end of time."""
    found = _counted(connection, Asked(since=since, until=until), GroupBy.ALL)
    return sum(row.tickets for row in found)


def share_of(decisions: int, most: int | None) -> float:
    """Which share of some decisions is looked at where `most` are wanted, in (0, 1]."""
    return 1.0 if most is None else min(1.0, most / max(decisions, 1))


def _counted(connection: Connection, asked: Asked, by: GroupBy) -> Iterable[Row[Any]]:
    statement = text(
        f"{SPANS} SELECT key, {_SUMS} FROM ("
        f"SELECT key, {COUNTS} FROM hour_counts WHERE by = :by AND {STANDS} UNION ALL "
        f"SELECT k.key, {COUNTED} FROM {DECISIONS} {told_apart(by)} GROUP BY 1) each GROUP BY 1"
    )
    cut = period(connection, asked.since, asked.until).values
    return connection.execute(statement, {**cut, **draw_values(asked.audit_share), "by": by})


def _sampled(
    connection: Connection, asked: Asked, by: GroupBy, decisions: int
) -> Iterable[Row[Any]]:
    """Pages that chance draws, or rows of the period, whichever reads less; always the same ones.

    Pages are drawn from the whole table, and so cost more where the period is a small part of it.
    """
    filters, share = _filters(asked), share_of(decisions, asked.most)
    sample, conditions = "", [_PERIOD, *(f"{_FILTERS[name]} = :{name}" for name in filters)]
    if share < 1 and share * connection.execute(_ROWS).scalar_one() < decisions:
        sample = "TABLESAMPLE SYSTEM (:percent) REPEATABLE (0)"
    elif share < 1:
        conditions.append(_IN_SAMPLE)
    needs = not filters.keys().isdisjoint({"language", "channel"})
    counts = COUNTED if filters else "count(*) AS tickets"
    statement = text(
        f"SELECT k.key, {counts}, {_TIMES} FROM decisions d {sample} "
        f"{told_apart(by, with_contents=needs)} WHERE {' AND '.join(conditions)} GROUP BY 1"
    )
    values = {
        "low": first_uuid(asked.since),
        "high": LAST_UUID if asked.until is None else first_uuid(asked.until),
        "percent": 100 * share,
        "draws": round(share * _SAMPLE_DRAWS),
    }
    return connection.execute(statement, {**values, **draw_values(asked.audit_share), **filters})


def _said(connection: Connection, asked: Asked, by: GroupBy) -> Iterable[Row[Any]]:
    filters = _filters(asked)
    key = "'all'" if by in (GroupBy.ALL, GroupBy.LABEL) else by.value
    conditions = [f"{key} IS NOT NULL", *(f"{name} = :{name}" for name in filters)]
    statement = text(
        f"{JUDGED} SELECT {key} AS key, outcome, predicted, truth, is_moved, is_drawn, "
        f"sum(tickets)::bigint AS tickets FROM (SELECT {WORD_COLUMNS} FROM hour_words "
        f"WHERE {STANDS} UNION ALL ({WORDS})) each "
        f"WHERE {' AND '.join(conditions)} GROUP BY 1, 2, 3, 4, 5, 6"
    )
    cut = period(connection, asked.since, asked.until).values
    return connection.execute(statement, {**cut, **draw_values(asked.audit_share), **filters})


def _filters(asked: Asked) -> dict[str, str]:
    found = {name: getattr(asked, name) for name in _FILTERS}
    return {name: value for name, value in found.items() if value is not None}


def _time(to: Figures, row: Row[Any]) -> None:
    """Of a label with two names the more frequent tells times."""
    if row.seconds is not None and row.tickets >= to.timed:
        to.timed, (to.p50_s, to.p95_s) = row.tickets, row.seconds


def _count(to: Figures, row: Row[Any], share: float) -> None:
    """Adds what a sample says of all."""
    to.tickets += round(row.tickets / share)
    to.covered += round(row.covered / share)
    to.automatic += round(row.automatic / share)
    to.drawn += round(row.drawn / share)


def _add(to: Figures, row: Row[Any], predicted: set[str], actual: set[str] | None) -> None:
    to.outcomes[Outcome(row.outcome)] += row.tickets
    to.moved += row.tickets * row.is_moved
    if row.is_drawn and row.outcome != Outcome.SKIPPED:
        to.audited += row.tickets
        to.audited_right += row.tickets * (row.outcome == Outcome.ACCEPTED)
    if actual is not None:
        to.hits += row.tickets * len(predicted & actual)
        to.predicted += row.tickets * len(predicted)
        to.actual += row.tickets * len(actual)


def _add_labels(
    found: Mapping[str, Figures], row: Row[Any], predicted: set[str], actual: set[str] | None
) -> None:
    """A label was accepted where agents left it and replaced where they took it away."""
    for name in predicted if row.is_moved else ():
        found[name].moved += row.tickets
    if actual is None:
        for name in predicted if row.outcome == Outcome.SKIPPED else ():
            found[name].outcomes[Outcome.SKIPPED] += row.tickets
        return
    for name in predicted | actual:
        was, should = name in predicted, name in actual
        found[name].hits += row.tickets * (was and should)
        found[name].predicted += row.tickets * was
        found[name].actual += row.tickets * should
        if was:
            outcome = Outcome.ACCEPTED if should else Outcome.REPLACED
            found[name].outcomes[outcome] += row.tickets


def _share(part: int, of: int) -> float | None:
    return part / of if of else None
