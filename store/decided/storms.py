"""Seeing storms: what tickets said lately, as sketches, and which of them are one incident.

Whoever stores a decision leaves the sketch of its ticket; one looker at a time finds the crowds
among them, so that a storm whose tickets many workers decide at once is flagged once.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import Connection, text

from core.events import EventName
from core.types import Versions
from store.bulk import copy_rows
from store.decided import incidents
from store.delivery import outbox

_LOCK = 0x73746F726D73
"""Any number that no other advisory lock has."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sketched:
    """What a ticket said, without its words.

    Attributes:
        arrived: when, in seconds since 1970.
        sketch: of `worker.sketches`.
    """

    ticket_id: UUID
    arrived: float
    sketch: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Storm:
    """An open incident as workers know it: what its tickets are like, and where they go.

    Attributes:
        policies: of `policy`, for which that holds; what people have saved since says it anew.
    """

    incident: int
    department: str
    policies: Sequence[str]
    sketch: bytes


_MINE = text("SELECT pg_try_advisory_xact_lock(:key)")
# Both, since who has the lower number may commit later.
_MARK = text("SELECT count(*), max(id) FROM ticket_sketches")
# A ticket that is decided anew has another sketch; it is one ticket all the same.
_LOOSE = text(
    "SELECT DISTINCT ON (s.ticket_id) s.ticket_id, s.sketch FROM ("
    "SELECT id, ticket_id, sketch FROM ticket_sketches ORDER BY id DESC LIMIT :most) s "
    "WHERE NOT EXISTS (SELECT FROM incident_tickets i WHERE i.ticket_id = s.ticket_id) "
    "ORDER BY s.ticket_id, s.id DESC"
)
_OPEN = text(
    "SELECT i.id AS incident, i.department, i.policies, i.sketch FROM incidents i "
    "JOIN departments d ON d.name = i.department AND d.retired_at IS NULL "
    "WHERE i.closed_at IS NULL ORDER BY i.id DESC LIMIT :most"
)
_FLAG = text(
    """
WITH decided AS (
  SELECT d.primary_department, d.labels, d.model_version, d.decided_at,
    d.ruleset_version || '/' || coalesce(d.thresholds_version, '') AS policy
  FROM decisions d
  JOIN tickets t ON t.id = d.ticket_id AND t.revision = d.revision WHERE d.ticket_id = ANY(:ids)
), newest AS (
  SELECT DISTINCT ON (model_version) policy FROM decided ORDER BY model_version, decided_at DESC
), place AS (
  SELECT primary_department AS name FROM decided WHERE policy IN (SELECT policy FROM newest)
  GROUP BY 1 ORDER BY count(*) DESC, 1 LIMIT 1
), shared AS (
  SELECT l AS name FROM decided, unnest(labels) l GROUP BY 1
  HAVING count(*) * 2 > (SELECT count(*) FROM decided) ORDER BY count(*) DESC, 1
)
INSERT INTO incidents (department, labels, policies, sketch)
SELECT place.name, ARRAY(SELECT name FROM shared),
  ARRAY(SELECT DISTINCT policy FROM newest), :sketch FROM place RETURNING id
"""
)
_JOIN = text(
    "INSERT INTO incident_tickets (ticket_id, incident_id) "
    "SELECT u.t, u.i FROM unnest(CAST(:ids AS uuid[]), CAST(:incidents AS bigint[])) u(t, i) "
    "ORDER BY u.t ON CONFLICT (ticket_id) DO NOTHING"
)
# Whoever changes a ticket and its items locks the ticket first; one that is at work with is left.
_FREE = text("SELECT id FROM tickets WHERE id = ANY(:ids) ORDER BY id FOR UPDATE SKIP LOCKED")
# What somebody holds stays, and what chance drew for the audit.
_SPARE = text(
    "UPDATE review_items r SET outcome = 'superseded', resolved_at = clock_timestamp() "
    "WHERE r.ticket_id = ANY(:ids) AND r.resolved_at IS NULL AND r.correction_id IS NULL "
    "AND r.claimed_by IS NULL AND NOT 'audit' = ANY(r.reasons)"
)
_SETTLE = text(
    "UPDATE tickets t SET state = 'decided' WHERE t.id = ANY(:ids) AND t.state = 'review' "
    "AND NOT EXISTS (SELECT FROM review_items i WHERE i.ticket_id = t.id "
    "AND i.revision = t.revision AND i.resolved_at IS NULL AND i.correction_id IS NULL)"
)
_FORGET = text(
    "DELETE FROM ticket_sketches WHERE noted_at < clock_timestamp() - make_interval(secs => :s) "
    "OR id <= (SELECT max(id) FROM ticket_sketches) - :most"
)


def policy(versions: Versions) -> str:
    """The rules and thresholds behind a decision, as one word."""
    return f"{versions.ruleset}/{versions.thresholds or ''}"


def note(connection: Connection, sketches: Sequence[tuple[UUID, bytes]]) -> None:
    """Leaves what tickets said, in the transaction of their decisions."""
    copy_rows(connection, "ticket_sketches", ("ticket_id", "sketch"), sketches)


def join(connection: Connection, members: Sequence[tuple[UUID, int]]) -> None:
    """Makes tickets part of incidents; one that is part of some stays there."""
    values = {
        "ids": [ticket for ticket, _ in members],
        "incidents": [incident for _, incident in members],
    }
    connection.execute(_JOIN, values)


def is_mine(connection: Connection) -> bool:
    """Whether this transaction is the one that looks now."""
    return bool(connection.execute(_MINE, {"key": _LOCK}).scalar())


def mark(connection: Connection) -> tuple[int, int | None]:
    """Something that changes when tickets left sketches."""
    count, last = connection.execute(_MARK).one()
    return count, last


def loose(connection: Connection, *, most: int) -> list[Sketched]:
    """The newest sketches of tickets that are part of no incident."""
    rows = connection.execute(_LOOSE, {"most": most})
    return [
        Sketched(
            ticket_id=row.ticket_id, arrived=arrived_at(row.ticket_id), sketch=bytes(row.sketch)
        )
        for row in rows
    ]


def open_storms(connection: Connection, *, most: int) -> list[Storm]:
    """The newest incidents that are open."""
    return [
        Storm(**{**row._mapping, "sketch": bytes(row.sketch)})
        for row in connection.execute(_OPEN, {"most": most})
    ]


def flag(connection: Connection, tickets: Sequence[UUID], sketch: bytes) -> int | None:
    """Makes decided tickets an incident, and tells of it once; its id.

    What waits for a person of all of them but the first, for no other reason than its decision,
    waits no longer. None where no decision stands on any of them.
    """
    id_: int | None = connection.execute(_FLAG, {"ids": list(tickets), "sketch": sketch}).scalar()
    if id_ is None:
        return None
    join(connection, [(ticket, id_) for ticket in tickets])
    spare(connection, sorted(tickets)[1:])
    found = incidents.find(connection, id_)
    assert found is not None
    outbox.tell(connection, EventName.INCIDENT_OPENED, incidents.payload(found))
    return id_


def spare(connection: Connection, tickets: Sequence[UUID]) -> None:
    """Takes tickets of an incident out of the review queue."""
    free = connection.execute(_FREE, {"ids": list(tickets)}).scalars().all()
    connection.execute(_SPARE, {"ids": list(free)})
    connection.execute(_SETTLE, {"ids": list(free)})


def forget(connection: Connection, *, kept_s: float, most: int) -> None:
    """Drops sketches that were left more than so many seconds ago, and all but the newest."""
    connection.execute(_FORGET, {"s": kept_s, "most": most})


def arrived_at(ticket: UUID) -> float:
    """When a ticket arrived, in seconds since 1970: its id begins with it (RFC 9562, 5.7)."""
    return (ticket.int >> 80) / 1000
