"""Reads for people: a ticket's full record, the stream of decisions, what waits."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, Row, text

from store.partitions import first_uuid


@dataclass(frozen=True, slots=True, kw_only=True)
class DecidedTicket:
    """A line in the stream of decisions."""

    id: UUID
    source: str
    external_id: str
    subject: str
    state: str
    primary_department: str
    collaborators: tuple[str, ...]
    labels: tuple[str, ...]
    scores: dict[str, float]
    reason: str
    rule: str | None
    rung: str
    received_at: datetime
    decided_at: datetime


_STREAM = """
SELECT t.id, t.source, t.external_id, c.subject, t.state, d.primary_department, d.collaborators,
  d.labels, d.scores, d.reason, d.rule, d.rung, t.received_at, d.decided_at
FROM {source} JOIN decisions d ON d.ticket_id = t.id AND d.revision = t.revision
JOIN ticket_contents c ON c.ticket_id = t.id AND c.revision = t.revision
"""
# By the newest events and not by the newest tickets, none of which may be decided in a backlog.
_NEWEST = text(
    _STREAM.format(
        source="(SELECT DISTINCT ticket_id FROM (SELECT ticket_id FROM outbox "
        "WHERE event IN ('ticket.routed', 'ticket.route_failed') "
        "ORDER BY id DESC LIMIT :most) e) n JOIN tickets t ON t.id = n.ticket_id"
    )
    + "ORDER BY d.decided_at DESC, t.id DESC"
)
_OF = text(
    _STREAM.format(source="tickets t") + "WHERE t.id = ANY(:ids) ORDER BY d.decided_at, t.id"
)


def newest_decisions(connection: Connection, *, most: int) -> list[DecidedTicket]:
    """The tickets of the `most` newest decisions, last decided first."""
    return [_decided(row) for row in connection.execute(_NEWEST, {"most": most})]


def decisions_of(connection: Connection, ids: Sequence[UUID]) -> list[DecidedTicket]:
    """The standing decisions of these tickets, in the order in which they were made."""
    return [_decided(row) for row in connection.execute(_OF, {"ids": list(ids)})]


_PACE_S = 300.0
_PACE_MOST = 5_000
# An event's id begins with its time, so that its primary key finds the newest.
_PACE = text(
    "SELECT count(*) AS decided, min(created_at) AS oldest FROM ("
    "SELECT created_at FROM outbox WHERE id >= :low AND event = 'ticket.routed' "
    "ORDER BY id DESC LIMIT :most) newest"
)
_GONE = dict.fromkeys(("channel", "language", "customer", "priority")) | {"subject": "", "body": ""}
"""What a ticket says whose content was erased or is past its time."""


def ticket_record(connection: Connection, ticket_id: UUID) -> dict[str, Any] | None:
    """Everything known about one ticket, JSON-ready: contents, decision with why, history."""
    row = connection.execute(
        text(
            "SELECT t.*, to_jsonb(c) - 'ticket_id' AS content, "
            "to_jsonb(d) - 'ticket_id' AS decision "
            "FROM tickets t "
            "LEFT JOIN ticket_contents c ON c.ticket_id = t.id AND c.revision = t.revision "
            "LEFT JOIN decisions d ON d.ticket_id = t.id AND d.revision = t.revision "
            "WHERE t.id = :id"
        ),
        {"id": ticket_id},
    ).one_or_none()
    if row is None:
        return None
    return {
        "id": str(row.id),
        "source": row.source,
        "external_id": row.external_id,
        "revision": row.revision,
        "state": row.state,
        "attempts": row.attempts,
        "error": row.error,
        "rescore": row.rescore,
        "received_at": row.received_at.isoformat(),
        "ticket": row.content or dict(_GONE),
        "decision": row.decision,
        "superseded_decisions": _json_rows(connection, "decision_history", ticket_id),
        "corrections": _json_rows(connection, "corrections", ticket_id),
        "reviews": _json_rows(connection, "review_items", ticket_id),
        "events": _json_rows(connection, "outbox", ticket_id),
    }


def waiting(connection: Connection) -> dict[str, int]:
    """Counts of the tickets that are not settled: accepted, claimed and quarantined."""
    rows = connection.execute(
        text(
            "SELECT 'accepted' s, count(*) n FROM tickets WHERE state = 'accepted' "
            "UNION ALL SELECT 'claimed', count(*) FROM tickets WHERE state = 'claimed' "
            "UNION ALL SELECT 'quarantined', count(*) FROM tickets WHERE state = 'quarantined'"
        )
    )
    return {row.s: row.n for row in rows}


def oldest_waiting_s(connection: Connection) -> float:
    """Age in seconds of the ticket that has waited longest; 0 when none waits."""
    age = connection.execute(
        text(
            "SELECT extract(epoch FROM clock_timestamp() - min(next_at)) FROM tickets "
            "WHERE state = 'accepted'"
        )
    ).scalar()
    return max(0.0, float(age or 0))


@dataclass(frozen=True, slots=True, kw_only=True)
class Pace:
    """How many tickets were decided in how many seconds; both count back from now."""

    decided: int
    seconds: float

    @property
    def per_minute(self) -> float:
        """Decisions a minute; 0 when there was none."""
        return 60 * self.decided / self.seconds if self.decided else 0.0


def pace(connection: Connection, *, now: datetime) -> Pace:
    """Decisions of the last five minutes, or the newest 5,000 where there were more of them."""
    row = connection.execute(
        _PACE, {"low": first_uuid(now - timedelta(seconds=_PACE_S)), "most": _PACE_MOST}
    ).one()
    is_cut = row.decided == _PACE_MOST
    seconds = (now - row.oldest).total_seconds() if is_cut else _PACE_S
    return Pace(decided=row.decided, seconds=max(seconds, 0.001))


def _json_rows(connection: Connection, table: str, ticket_id: UUID) -> list[dict[str, Any]]:
    """A ticket's rows in one of this module's own tables, oldest first, as JSON objects."""
    moment = {"decision_history": "decided_at"}.get(table, "created_at")
    rows = connection.execute(
        text(f"SELECT to_jsonb(r) FROM {table} r WHERE r.ticket_id = :id ORDER BY r.{moment}"),
        {"id": ticket_id},
    )
    return list(rows.scalars())


def _decided(row: Row[Any]) -> DecidedTicket:
    fields = dict(row._mapping)
    for name in ("collaborators", "labels"):
        fields[name] = tuple(fields[name])
    return DecidedTicket(**fields)
