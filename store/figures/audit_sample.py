"""The random audit: which decisions were drawn, which of them nobody looked at, how many are right.

The draw is that of `core.audit_sample`, made in SQL. Figures are of tickets that arrived since a
moment; the primary key of `decisions` and `ix_corrections_ticket` find the rows.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, text

from core.intervals import Interval, share_interval
from core.types import Rung
from store.figures.decision_sql import DRAWN, JUDGED, WORD_COLUMNS, WORDS
from store.figures.hour_counts import STANDS, draw_values, period, span_values
from store.partitions import LAST_UUID, first_uuid


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditCount:
    """One version's audit.

    Attributes:
        drawn: decisions that were drawn.
        judged: of those, accepted or replaced by agents.
        right: of those, accepted.
    """

    drawn: int
    judged: int
    right: int

    @property
    def accuracy(self) -> Interval | None:
        """Share of right decisions of all; None until somebody looked at a drawn one."""
        return share_interval(self.right, self.judged)


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """What agents said of one version's decisions, and of those that were drawn among them."""

    accepted: int
    replaced: int
    skipped: int
    audited: int
    audited_right: int


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditTicket:
    """A ticket that was drawn and that nobody looked at; never with its text."""

    ticket_id: UUID
    external_id: str
    primary_department: str
    labels: tuple[str, ...]
    model_version: str | None
    decided_at: datetime


_COUNT = text(
    f"""{JUDGED}
SELECT d.model_version AS version, count(*) AS drawn,
  count(*) FILTER (WHERE w.outcome IN ('accepted', 'replaced')) AS judged,
  count(*) FILTER (WHERE w.outcome = 'accepted') AS right
FROM decisions d LEFT JOIN words w ON w.ticket_id = d.ticket_id AND w.revision = d.revision
WHERE d.ticket_id >= :low AND {DRAWN} AND d.model_version IS NOT NULL GROUP BY 1
"""
)
_OF_JUDGED = {
    "accepted": "outcome = 'accepted'",
    "replaced": "outcome = 'replaced'",
    "skipped": "outcome = 'skipped'",
    "audited": "outcome <> 'skipped' AND is_drawn",
    "audited_right": "outcome = 'accepted' AND is_drawn",
}
_JUDGED = text(
    f"""{JUDGED}
SELECT version, {
        ", ".join(
            f"coalesce(sum(tickets) FILTER (WHERE {holds}), 0)::bigint AS {name}"
            for name, holds in _OF_JUDGED.items()
        )
    }
FROM (SELECT {WORD_COLUMNS} FROM hour_words WHERE {STANDS} UNION ALL ({WORDS})) each
WHERE version <> ALL(:rungs) GROUP BY 1
"""
)
_UNSEEN = text(
    f"""{JUDGED}
SELECT d.ticket_id, t.external_id, d.primary_department, d.labels, d.model_version, d.decided_at
FROM decisions d JOIN tickets t ON t.id = d.ticket_id AND t.revision = d.revision
LEFT JOIN words w ON w.ticket_id = d.ticket_id AND w.revision = d.revision
WHERE d.ticket_id >= :low AND t.id >= :low AND t.state <> 'erased' AND {DRAWN}
  AND coalesce(w.outcome, 'skipped') = 'skipped'
ORDER BY d.ticket_id LIMIT :most
"""
)


def audit_by_version(
    connection: Connection, since: datetime, share: float
) -> dict[str, AuditCount]:
    """The audit of each version that decided anything drawn.

    Args:
        connection: an open transaction.
        since: when the first of the tickets arrived.
        share: of all tickets that is drawn, in [0, 1].
    """
    rows = connection.execute(_COUNT, _draw(since, share))
    return {
        row.version: AuditCount(drawn=row.drawn, judged=row.judged, right=row.right) for row in rows
    }


def judged_by_version(connection: Connection, since: datetime, share: float) -> dict[str, Judged]:
    """What agents said of each version; costs hours (`store.figures.hour_counts`), not tickets.

    Args:
        connection: an open transaction.
        since: when the first of the tickets arrived.
        share: of all tickets that is drawn, in [0, 1].
    """
    cut = period(connection, since, None).values
    values = {**cut, **draw_values(share), "rungs": list(Rung)}
    rows = connection.execute(_JUDGED, values)
    named = ({**row._mapping} for row in rows)
    return {row.pop("version"): Judged(**row) for row in named}


def audit_unseen(
    connection: Connection, since: datetime, share: float, *, most: int
) -> list[AuditTicket]:
    """Drawn tickets that agents said nothing of, or skipped; longest waiting first."""
    rows = connection.execute(_UNSEEN, {**_draw(since, share), "most": most})
    return [AuditTicket(**{**row._mapping, "labels": tuple(row.labels)}) for row in rows]


def _draw(since: datetime, share: float) -> dict[str, Any]:
    low = first_uuid(since)
    return {"low": low, **span_values([(low, LAST_UUID)]), **draw_values(share)}
