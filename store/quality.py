"""How good decisions were by what agents said of them: counts by day, label, language and so on.

Figures are of tickets that arrived within some days. A ticket's id begins with its time, so that
the primary keys of `decisions` and `ticket_contents` and the index `ix_corrections_ticket` find the
rows, and the cost grows with those days alone. Of more decisions than are wanted a sample is drawn
by a hash of the ticket's id, and counts of decisions are what the sample says of all; what people
said is counted whole. Of what was said the newest word that stands counts, about labels and about
the route apart. What agents said by themselves is no fair sample; the audit
is (`store.audit_sample`).
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import Connection, Row, TextClause, text

from core.audit_sample import AUDIT_SALT, draw_limit
from core.intervals import Interval, share_interval
from core.types import GroupBy, Reason
from store import label_history
from store.partitions import LAST_UUID, first_uuid


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
        share: of all decisions that is looked at, in (0, 1].
        audit_share: of all tickets that is drawn for the audit, in [0, 1].
        version: of the model that decided.
        language: as the sender gave it; likewise the channel.
        department: the primary one.
    """

    since: datetime
    until: datetime | None = None
    share: float = 1.0
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


# What agents see as predicted: labels that steer and labels that they find ticked.
_PREDICTED = "(d.labels || d.preselected)"
_KEYS = {
    GroupBy.ALL: "'all'",
    GroupBy.DAY: "to_char(d.decided_at, 'YYYY-MM-DD')",
    GroupBy.VERSION: "coalesce(d.model_version, d.rung)",
    GroupBy.LANGUAGE: "coalesce(c.language, 'not told')",
    GroupBy.CHANNEL: "coalesce(c.channel, 'not told')",
    GroupBy.DEPARTMENT: "d.primary_department",
}
_FILTERS = {
    "version": "d.model_version = :version",
    "language": "c.language = :language",
    "channel": "c.channel = :channel",
    "department": "d.primary_department = :department",
}
_CONTENTS = (
    "JOIN ticket_contents c ON c.ticket_id = d.ticket_id AND c.revision = d.revision "
    "AND c.ticket_id >= :low AND c.ticket_id < :high"
)
DRAWN = (
    "sha256(convert_to(:salt, 'UTF8') || '\\x00'::bytea || "
    "convert_to(d.ticket_id::text, 'UTF8')) < :limit"
)
_PERIOD = "d.ticket_id >= :low AND d.ticket_id < :high"
_SAMPLE_DRAWS = 2**30
_IN_SAMPLE = f"(uuid_hash_extended(d.ticket_id, 0) & {_SAMPLE_DRAWS - 1}) < :draws"
# Arrival is in the id itself: 48 bits of milliseconds since 1970 (RFC 9562, 5.7). A later revision
# arrived later, and nobody wrote down when.
_ARRIVED_MS = "('x' || left(replace(d.ticket_id::text, '-', ''), 12))::bit(48)::bigint"
_SECONDS = f"greatest(0, extract(epoch FROM d.decided_at) - ({_ARRIVED_MS}) / 1000.0)"
_AUTOMATIC = (
    f"d.reason = '{Reason.RULE}' AND (cardinality(d.labels) > 0 "
    "OR cardinality(d.preselected) + cardinality(d.suggested) = 0)"
)
# One row a decision that agents said anything of, joined to it as `w`.
JUDGED = """
WITH said AS (
  SELECT c.* FROM corrections c WHERE c.ticket_id >= :low AND c.ticket_id < :high
    AND c.kind <> 'withdrawn'
    AND NOT EXISTS (SELECT 1 FROM corrections w WHERE w.supersedes = c.id
      AND w.kind = 'withdrawn' AND w.ticket_id >= :low)
), of_labels AS (
  SELECT DISTINCT ON (ticket_id, revision) ticket_id, revision, kind, labels FROM said
  WHERE kind IN ('confirmed', 'wrong_label')
  ORDER BY ticket_id, revision, given_at DESC, id DESC
), of_route AS (
  SELECT DISTINCT ON (ticket_id, revision) ticket_id, revision, kind FROM said
  WHERE kind IN ('confirmed', 'wrong_route', 'moved_for_load')
  ORDER BY ticket_id, revision, given_at DESC, id DESC
), words AS (
  SELECT ticket_id, revision, l.labels, l.kind AS of_labels, r.kind AS of_route,
    CASE WHEN l.kind = 'wrong_label' OR r.kind = 'wrong_route' THEN 'replaced'
      WHEN l.kind IS NOT NULL OR r.kind IS NOT NULL THEN 'accepted' ELSE 'skipped' END AS outcome
  FROM (SELECT DISTINCT ticket_id, revision FROM said) s
  LEFT JOIN of_labels l USING (ticket_id, revision)
  LEFT JOIN of_route r USING (ticket_id, revision)
)
"""
_TRUTH = (
    "CASE WHEN w.of_labels = 'wrong_label' THEN w.labels "
    f"WHEN w.of_labels = 'confirmed' OR w.of_route = 'wrong_route' THEN {_PREDICTED} END"
)


def figures(connection: Connection, asked: Asked, by: GroupBy) -> dict[str, Figures]:
    """Figures of each group, by its name; labels under the names of today."""
    found: dict[str, Figures] = defaultdict(Figures)
    meaning = label_history.meaning(connection)
    for row in _rows(connection, _counts(asked, by), asked):
        for name in meaning.read([row.key]).labels if by is GroupBy.LABEL else [row.key]:
            _count(found[name], row, asked.share)
    for row in _rows(connection, _judgements(asked, by), asked):
        predicted = set(meaning.read(row.predicted).labels)
        actual = None if row.truth is None else set(meaning.read(row.truth).labels)
        if by is GroupBy.LABEL:
            _add_labels(found, row, predicted, actual)
        else:
            _add(found[row.key], row, predicted, actual)
    return dict(sorted(found.items()))


def decisions_between(connection: Connection, since: datetime, until: datetime) -> int:
    """How many decisions stand on tickets that arrived then; reads the primary key alone."""
    values = {"low": first_uuid(since), "high": first_uuid(until)}
    count = text(f"SELECT count(*) FROM decisions d WHERE {_PERIOD}")
    return int(connection.execute(count, values).scalar_one())


def _counts(asked: Asked, by: GroupBy) -> TextClause:
    if by is GroupBy.LABEL:
        key, tail = "name", f"CROSS JOIN unnest({_PREDICTED}) name"
    else:
        key, tail = _KEYS[by], ""
    sample = f"AND {_IN_SAMPLE}" if asked.share < 1 else ""
    return text(
        f"SELECT {key} AS key, count(*) AS tickets, "
        f"count(*) FILTER (WHERE cardinality({_PREDICTED}) > 0) AS covered, "
        f"count(*) FILTER (WHERE {_AUTOMATIC}) AS automatic, "
        f"count(*) FILTER (WHERE {DRAWN}) AS drawn, "
        f"percentile_cont(ARRAY[0.5, 0.95]) WITHIN GROUP (ORDER BY {_SECONDS}) "
        "FILTER (WHERE d.revision = 1) AS seconds "
        f"FROM decisions d {_joined(asked, by)} {tail} "
        f"WHERE {_conditions(asked)} {sample} GROUP BY 1"
    )


def _judgements(asked: Asked, by: GroupBy) -> TextClause:
    key = _KEYS[GroupBy.ALL if by is GroupBy.LABEL else by]
    return text(
        f"{JUDGED} SELECT {key} AS key, w.outcome, {_PREDICTED} AS predicted, {_TRUTH} AS truth, "
        "coalesce(w.of_route IN ('wrong_route', 'moved_for_load'), false) AS is_moved, "
        f"{DRAWN} AS is_drawn, count(*) AS tickets "
        "FROM words w JOIN decisions d ON d.ticket_id = w.ticket_id AND d.revision = w.revision "
        f"{_joined(asked, by)} WHERE {_conditions(asked)} GROUP BY 1, 2, 3, 4, 5, 6"
    )


def _joined(asked: Asked, by: GroupBy) -> str:
    """The contents, which are wide, only where something is asked of them."""
    needs = by in (GroupBy.LANGUAGE, GroupBy.CHANNEL) or asked.language or asked.channel
    return _CONTENTS if needs else ""


def _conditions(asked: Asked) -> str:
    wanted = [_FILTERS[name] for name in _FILTERS if getattr(asked, name) is not None]
    return " AND ".join([_PERIOD, *wanted])


def _rows(connection: Connection, statement: TextClause, asked: Asked) -> Iterable[Row[Any]]:
    filters = {name: getattr(asked, name) for name in _FILTERS}
    values = {
        "low": first_uuid(asked.since),
        "high": LAST_UUID if asked.until is None else first_uuid(asked.until),
        "draws": round(asked.share * _SAMPLE_DRAWS),
        "salt": AUDIT_SALT,
        "limit": draw_limit(asked.audit_share),
    }
    return connection.execute(statement, {**values, **filters})


def _count(to: Figures, row: Row[Any], share: float) -> None:
    """Adds what a sample says of all; of a label with two names the more frequent tells times."""
    counted = round(row.tickets / share)
    if row.seconds is not None and counted >= to.tickets:
        to.p50_s, to.p95_s = row.seconds
    to.tickets += counted
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
