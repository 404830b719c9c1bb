"""Tickets that people pass on from department to department: one person with a whole view ends it.

A ticket that was reassigned often enough waits in the review queue with the reason `ping_pong`,
and an event tells the helpdesk which department leads. What was said last of its route is held: it
suggests no rule and judges no backtest until the lead has spoken. Each ticket comes once.
"""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, Row, text

from core.events import EventName
from core.types import ReviewReason
from store.delivery import outbox
from store.feedback.corrections import STANDS


@dataclass(frozen=True, slots=True, kw_only=True)
class PingPong:
    """When it is enough, and who ends it.

    Attributes:
        moves: reassignments from which it is.
        lead: department of the human lead; the default one where there is none of this name.
        due_s: seconds in which somebody should have looked.
    """

    moves: int
    lead: str
    due_s: float


# Who names the department that was named before does not move the ticket again.
_FOUND = """
WITH moves AS (
  SELECT c.id, c.ticket_id, c.revision, c.given_at, c.department IS DISTINCT FROM
    lag(c.department) OVER (PARTITION BY c.ticket_id ORDER BY c.given_at, c.id) AS is_move
  FROM corrections c WHERE c.ticket_id IN ({tickets})
    AND c.kind IN ('wrong_route', 'moved_for_load') AND c.department IS NOT NULL AND {stands}
), counted AS (
  SELECT ticket_id, count(*) FILTER (WHERE is_move) AS moves,
    (array_agg(id ORDER BY given_at DESC, id DESC))[1] AS last,
    (array_agg(revision ORDER BY given_at DESC, id DESC))[1] AS revision
  FROM moves GROUP BY ticket_id
)
SELECT * FROM counted f WHERE f.moves >= :moves AND NOT EXISTS (
  SELECT FROM corrections k JOIN review_items i ON i.correction_id = k.id
  WHERE k.ticket_id = f.ticket_id AND :reason = ANY(i.reasons))
"""
_LATELY = (
    "SELECT ticket_id FROM corrections WHERE kind IN ('wrong_route', 'moved_for_load') "
    "AND created_at > clock_timestamp() - interval '1 hour'"
)
_SUSPECTS = text(_FOUND.format(tickets=_LATELY, stands=STANDS))
_LOCKED = text(_FOUND.format(tickets="SELECT unnest(CAST(:ids AS uuid[]))", stands=STANDS))
_LOCK = text(
    "SELECT id FROM tickets WHERE id = ANY(:ids) AND state <> 'erased' "
    "ORDER BY id FOR NO KEY UPDATE"
)
_LEAD = text(
    "SELECT name FROM departments WHERE name = :lead AND retired_at IS NULL OR is_default "
    "ORDER BY is_default AND name <> :lead LIMIT 1"
)
_HOLD = text(
    "INSERT INTO correction_reviews (correction_id, reason) VALUES (:id, :why) "
    "ON CONFLICT DO NOTHING"
)
_ENTER = text(
    "INSERT INTO review_items (ticket_id, revision, correction_id, reasons, uncertainty, due_at) "
    "VALUES (:ticket, :revision, :id, ARRAY[:reason], 1, "
    "clock_timestamp() + make_interval(secs => :due_s))"
)


def end_ping_pong(connection: Connection, when: PingPong) -> list[UUID]:
    """Gives tickets that were reassigned within the last hour, and often, to the lead.

    Returns:
        These tickets.
    """
    values = {"moves": when.moves, "reason": ReviewReason.PING_PONG}
    suspects = [row.ticket_id for row in connection.execute(_SUSPECTS, values)]
    if not suspects:
        return []
    # Others may have done it meanwhile, so what counts is asked again under the lock.
    ids = list(connection.execute(_LOCK, {"ids": suspects}).scalars())
    found = connection.execute(_LOCKED, {**values, "ids": ids}).all()
    lead = connection.execute(_LEAD, {"lead": when.lead}).scalar() or when.lead
    for row in found:
        _give(connection, row, lead, when.due_s)
    return [row.ticket_id for row in found]


def _give(connection: Connection, row: Row[Any], lead: str, due_s: float) -> None:
    why = f"reassigned {row.moves} times; {lead} leads"
    connection.execute(_HOLD, {"id": row.last, "why": why})
    connection.execute(
        _ENTER,
        {
            "ticket": row.ticket_id,
            "revision": row.revision,
            "id": row.last,
            "reason": ReviewReason.PING_PONG,
            "due_s": due_s,
        },
    )
    payload = {
        "ticket_id": str(row.ticket_id),
        "revision": row.revision,
        "moves": row.moves,
        "department": lead,
    }
    ticket = {"ticket_id": row.ticket_id, "revision": row.revision}
    outbox.tell(connection, EventName.TICKET_PING_PONG, payload, **ticket)
