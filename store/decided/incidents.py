"""Storms of tickets that say nearly the same: each is one incident, for people and the API.

How a storm is seen is in `store.decided.storms`.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, Row, text

from core.events import EventName
from store.access import audit
from store.delivery import outbox


@dataclass(frozen=True, slots=True, kw_only=True)
class Incident:
    """One storm.

    Attributes:
        department: that most of its first tickets went to; later ones go there too.
        labels: that more than half of the first tickets had.
        tickets: how many it has by now.
        first: the one that arrived first.
        last_at: when the newest joined.
        closed_by: who ended it; None where it ended by itself, or has not.
    """

    id: int
    department: str
    labels: tuple[str, ...]
    tickets: int
    first: UUID | None
    opened_at: datetime
    last_at: datetime
    closed_at: datetime | None
    closed_by: str | None


_SELECT = """
SELECT i.id, i.department, i.labels, i.opened_at, i.closed_at, i.closed_by, m.tickets, m.first,
  coalesce(m.last_at, i.opened_at) AS last_at
FROM incidents i CROSS JOIN LATERAL (
  SELECT count(*) AS tickets, min(t.ticket_id::text)::uuid AS first, max(t.joined_at) AS last_at
  FROM incident_tickets t WHERE t.incident_id = i.id) m
"""
_PAGE = text(
    f"{_SELECT} WHERE i.id < coalesce(:before, {2**63 - 1}) "
    "AND (CAST(:is_open AS boolean) IS NULL OR (i.closed_at IS NULL) = :is_open) "
    "ORDER BY i.id DESC LIMIT :most"
)
_ONE = text(f"{_SELECT} WHERE i.id = :id")
_OF_TICKET = text(
    f"{_SELECT} WHERE i.id = (SELECT incident_id FROM incident_tickets WHERE ticket_id = :ticket)"
)
_OF_TICKETS = text(
    "SELECT ticket_id, incident_id FROM incident_tickets WHERE ticket_id = ANY(:ids)"
)
_TICKETS = text(
    "SELECT ticket_id FROM incident_tickets WHERE incident_id = :id ORDER BY ticket_id LIMIT :most"
)
_CLOSE = text(
    "UPDATE incidents SET closed_at = clock_timestamp(), closed_by = :by "
    "WHERE id = :id AND closed_at IS NULL"
)
_QUIET = text(
    "SELECT i.id FROM incidents i WHERE i.closed_at IS NULL "
    "AND i.opened_at < clock_timestamp() - make_interval(secs => :quiet_s) AND NOT EXISTS ("
    "SELECT FROM incident_tickets t WHERE t.incident_id = i.id "
    "AND t.joined_at >= clock_timestamp() - make_interval(secs => :quiet_s)) FOR UPDATE OF i"
)


def page(
    connection: Connection, *, is_open: bool | None, before: int | None, most: int
) -> list[Incident]:
    """The newest incidents, open or closed or both; those before one where it is named."""
    rows = connection.execute(_PAGE, {"is_open": is_open, "before": before, "most": most})
    return [_incident(row) for row in rows]


def find(connection: Connection, id_: int) -> Incident | None:
    """An incident by its id."""
    row = connection.execute(_ONE, {"id": id_}).one_or_none()
    return None if row is None else _incident(row)


def of_ticket(connection: Connection, ticket: UUID) -> Incident | None:
    """The incident that a ticket is part of."""
    row = connection.execute(_OF_TICKET, {"ticket": ticket}).one_or_none()
    return None if row is None else _incident(row)


def of_tickets(connection: Connection, tickets: Sequence[UUID]) -> dict[UUID, int]:
    """The incident of each ticket that is part of one."""
    rows = connection.execute(_OF_TICKETS, {"ids": list(tickets)})
    return {row.ticket_id: row.incident_id for row in rows}


def tickets_of(connection: Connection, id_: int, *, most: int) -> Sequence[UUID]:
    """The first tickets of an incident, in the order of their arrival."""
    return connection.execute(_TICKETS, {"id": id_, "most": most}).scalars().all()


def close(connection: Connection, id_: int, *, actor: str) -> bool:
    """Ends an incident: tickets like its own go their own ways again; False if it had ended."""
    if not _end(connection, id_, by=actor):
        return False
    audit.record(connection, actor=actor, action="incident.closed", subject=str(id_))
    return True


def close_quiet(connection: Connection, *, quiet_s: float) -> list[int]:
    """Ends incidents that no ticket has joined for some seconds; their ids."""
    quiet = connection.execute(_QUIET, {"quiet_s": quiet_s}).scalars().all()
    for id_ in quiet:
        _end(connection, id_, by=None)
    return list(quiet)


def payload(incident: Incident) -> dict[str, Any]:
    """What events tell of an incident."""
    return {
        "incident": incident.id,
        "department": incident.department,
        "labels": list(incident.labels),
        "tickets": incident.tickets,
        "first_ticket": None if incident.first is None else str(incident.first),
    }


def _end(connection: Connection, id_: int, *, by: str | None) -> bool:
    ended = connection.execute(_CLOSE, {"id": id_, "by": by}).rowcount > 0
    found = find(connection, id_)
    if ended and found is not None:
        outbox.tell(connection, EventName.INCIDENT_CLOSED, payload(found) | {"closed_by": by})
    return ended


def _incident(row: Row[Any]) -> Incident:
    return Incident(**{**row._mapping, "labels": tuple(row.labels)})
