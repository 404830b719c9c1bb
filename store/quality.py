"""How good decisions were by what agents said of them: counts by day, label, language and so on.

Figures are of tickets that arrived within some days. A ticket's id begins with its time, so that
the primary keys of `decisions` and `ticket_contents` and the index `ix_corrections_ticket` find the
rows, and the cost grows with those days alone. Of what was said the newest word that stands counts,
about labels and about the route apart. What agents said by themselves is no fair sample; the audit
is (`store.audit_sample`).
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import Connection, Row, TextClause, text

from core.types import GroupBy
from store import label_history
from store.partitions import first_uuid


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
        version: of the model that decided.
        language: as the sender gave it; likewise the channel.
        department: the primary one.
    """

    since: datetime
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
        outcomes: of the decisions that agents said something about; of a label, what became of
            its predictions.
        hits: predicted labels that agents left, over all judged tickets.
        predicted: labels predicted for them.
        actual: labels that they have by what agents said.
    """

    tickets: int = 0
    covered: int = 0
    outcomes: Counter[Outcome] = field(default_factory=Counter)
    hits: int = 0
    predicted: int = 0
    actual: int = 0

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
    "AND c.ticket_id >= :low"
)
# One row a decision that agents said anything of, joined to it as `w`.
JUDGED = """
WITH said AS (
  SELECT c.* FROM corrections c WHERE c.ticket_id >= :low AND c.kind <> 'withdrawn'
    AND NOT EXISTS (SELECT 1 FROM corrections w WHERE w.supersedes = c.id
      AND w.kind = 'withdrawn' AND w.ticket_id >= :low)
), of_labels AS (
  SELECT DISTINCT ON (ticket_id, revision) ticket_id, revision, kind, labels FROM said
  WHERE kind IN ('confirmed', 'wrong_label')
  ORDER BY ticket_id, revision, created_at DESC, id DESC
), of_route AS (
  SELECT DISTINCT ON (ticket_id, revision) ticket_id, revision, kind FROM said
  WHERE kind IN ('confirmed', 'wrong_route', 'moved_for_load')
  ORDER BY ticket_id, revision, created_at DESC, id DESC
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
            found[name].tickets += row.tickets
            found[name].covered += row.covered
    for row in _rows(connection, _judgements(asked, by), asked):
        predicted = set(meaning.read(row.predicted).labels)
        actual = None if row.truth is None else set(meaning.read(row.truth).labels)
        if by is GroupBy.LABEL:
            _add_labels(found, row, predicted, actual)
        else:
            _add(found[row.key], row, predicted, actual)
    return dict(sorted(found.items()))


def _counts(asked: Asked, by: GroupBy) -> TextClause:
    if by is GroupBy.LABEL:
        key, tail = "name", f"CROSS JOIN unnest({_PREDICTED}) name"
    else:
        key, tail = _KEYS[by], ""
    return text(
        f"SELECT {key} AS key, count(*) AS tickets, "
        f"count(*) FILTER (WHERE cardinality({_PREDICTED}) > 0) AS covered "
        f"FROM decisions d {_joined(asked, by)} {tail} WHERE {_conditions(asked)} GROUP BY 1"
    )


def _judgements(asked: Asked, by: GroupBy) -> TextClause:
    key = _KEYS[GroupBy.ALL if by is GroupBy.LABEL else by]
    return text(
        f"{JUDGED} SELECT {key} AS key, w.outcome, {_PREDICTED} AS predicted, {_TRUTH} AS truth, "
        "count(*) AS tickets "
        "FROM words w JOIN decisions d ON d.ticket_id = w.ticket_id AND d.revision = w.revision "
        f"{_joined(asked, by)} WHERE {_conditions(asked)} GROUP BY 1, 2, 3, 4"
    )


def _joined(asked: Asked, by: GroupBy) -> str:
    """The contents, which are wide, only where something is asked of them."""
    needs = by in (GroupBy.LANGUAGE, GroupBy.CHANNEL) or asked.language or asked.channel
    return _CONTENTS if needs else ""


def _conditions(asked: Asked) -> str:
    wanted = [_FILTERS[name] for name in _FILTERS if getattr(asked, name) is not None]
    return " AND ".join(["d.ticket_id >= :low", *wanted])


def _rows(connection: Connection, statement: TextClause, asked: Asked) -> Iterable[Row[Any]]:
    values = {name: getattr(asked, name) for name in _FILTERS}
    return connection.execute(statement, {"low": first_uuid(asked.since), **values})


def _add(to: Figures, row: Row[Any], predicted: set[str], actual: set[str] | None) -> None:
    to.outcomes[Outcome(row.outcome)] += row.tickets
    if actual is not None:
        to.hits += row.tickets * len(predicted & actual)
        to.predicted += row.tickets * len(predicted)
        to.actual += row.tickets * len(actual)


def _add_labels(
    found: Mapping[str, Figures], row: Row[Any], predicted: set[str], actual: set[str] | None
) -> None:
    """A label was accepted where agents left it and replaced where they took it away."""
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
