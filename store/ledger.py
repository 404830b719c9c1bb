"""What became of everything that one source sent, counted from the rows themselves."""

from collections.abc import Mapping
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import Connection, text


@dataclass(frozen=True, slots=True, kw_only=True)
class Ledger:
    """The books on one source.

    Attributes:
        stored: tickets in the database.
        decided: tickets whose newest revision has its decision.
        duplicate_decisions: decisions announced for a revision beyond the one that stands and
            those in the history that it replaced.
        by_department: decided tickets by primary department.
        by_rung: decided tickets by rung.
    """

    stored: int
    decided: int
    duplicate_decisions: int
    by_department: Mapping[str, int]
    by_rung: Mapping[str, int]


_STANDING = """
FROM ticket_keys k JOIN tickets t ON t.id = k.ticket_id
{join} decisions d ON d.ticket_id = t.id AND d.revision = t.revision
WHERE k.source = :source
"""
_COUNTS = text(
    "SELECT count(*) AS stored, count(d.ticket_id) AS decided " + _STANDING.format(join="LEFT JOIN")
)
_GROUPS = {
    column: text(
        f"SELECT d.{column}, count(*) {_STANDING.format(join='JOIN')} GROUP BY 1 ORDER BY 2 DESC, 1"
    )
    for column in ("primary_department", "rung")
}
_DUPLICATES = text(
    """
WITH announced AS (
  SELECT o.ticket_id, o.revision, count(*) AS events
  FROM ticket_keys k JOIN outbox o ON o.ticket_id = k.ticket_id
  WHERE k.source = :source AND o.event IN ('ticket.routed', 'ticket.route_failed')
  GROUP BY 1, 2
), replaced AS (
  SELECT h.ticket_id, h.revision, count(*) AS decisions
  FROM ticket_keys k JOIN decision_history h ON h.ticket_id = k.ticket_id
  WHERE k.source = :source GROUP BY 1, 2
)
SELECT coalesce(sum(greatest(a.events - 1 - coalesce(r.decisions, 0), 0)), 0)
FROM announced a LEFT JOIN replaced r USING (ticket_id, revision)
"""
)
_DECIDED_IDS = text("SELECT t.id " + _STANDING.format(join="JOIN"))


def ledger(connection: Connection, *, source: str) -> Ledger:
    """Closes the books on a source as they stand now."""
    values = {"source": source}
    counts = connection.execute(_COUNTS, values).one()
    groups = {
        column: {name: count for name, count in connection.execute(statement, values)}
        for column, statement in _GROUPS.items()
    }
    return Ledger(
        stored=counts.stored,
        decided=counts.decided,
        duplicate_decisions=int(connection.execute(_DUPLICATES, values).scalar_one()),
        by_department=groups["primary_department"],
        by_rung=groups["rung"],
    )


def decided_ids(connection: Connection, *, source: str) -> set[UUID]:
    """Ids of the source's tickets whose newest revision has its decision."""
    return set(connection.execute(_DECIDED_IDS, {"source": source}).scalars())
