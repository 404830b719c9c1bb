"""The log of deliveries: pages of it, what was tried, and deliveries to be made again.

A delivery that is made again keeps its event and so its id: a receiver that has it knows it.
"""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import Connection, text

from core.events import EventName
from store.access import audit
from store.delivery import outbox
from store.delivery.deliveries import DeliveryState
from store.delivery.webhook_endpoints import Endpoint

_BITE = 5_000  # rows of one transaction


@dataclass(frozen=True, slots=True, kw_only=True)
class Logged:
    """One delivery with its last attempt; what that attempt lacks is None or empty."""

    id: int
    event_id: UUID
    event: str
    ticket_id: UUID | None
    state: DeliveryState
    attempts: int
    next_at: datetime
    created_at: datetime
    done_at: datetime | None
    last_at: datetime | None
    last_status: int | None
    last_ms: int | None
    last_error: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class LoggedAttempt:
    """One try: when, the status and time of the answer, what went wrong, how the answer began."""

    at: datetime
    status: int | None
    ms: int
    error: str
    answer: str


@dataclass(frozen=True, slots=True, kw_only=True)
class LogFilter:
    """Which deliveries: those that fit everything that is not None; `until` is exclusive."""

    state: DeliveryState | None = None
    event: str | None = None
    ticket_id: UUID | None = None
    since: datetime | None = None
    until: datetime | None = None


_CONDITIONS = {
    "state": "d.state = :state",
    "event": "d.event = :event",
    "ticket_id": "d.ticket_id = :ticket_id",
    "since": "d.created_at >= :since",
    "until": "d.created_at < :until",
}
_LOGGED = """
SELECT d.id, d.event_id, d.event, d.ticket_id, d.state, d.attempts, d.next_at, d.created_at,
  d.done_at, a.at AS last_at, a.status AS last_status, a.ms AS last_ms, a.error AS last_error
FROM deliveries d LEFT JOIN LATERAL (
  SELECT at, status, ms, error FROM delivery_attempts a WHERE a.delivery_id = d.id
  ORDER BY a.id DESC LIMIT 1
) a ON true WHERE d.endpoint_id = :endpoint AND {where} ORDER BY d.id DESC LIMIT :most
"""
_ATTEMPTS = text(
    "SELECT at, status, ms, error, answer FROM delivery_attempts WHERE delivery_id = :id "
    "ORDER BY id"
)
_REPLAY = """
UPDATE deliveries SET state = 'waiting', attempts = 0, token = token + 1, done_at = NULL,
  next_at = clock_timestamp()
WHERE id = ANY(ARRAY(SELECT d.id FROM deliveries d JOIN outbox o ON o.id = d.event_id
  WHERE d.endpoint_id = :endpoint AND {which} ORDER BY d.id LIMIT :most FOR UPDATE OF d))
"""
_REPLAY_ONE = text(_REPLAY.format(which="d.id = :id AND d.state <> 'sending'"))
_REPLAY_DEAD = text(
    _REPLAY.format(which="d.state = 'dead' AND d.created_at >= :since AND d.created_at < :until")
)
_SEND = text(
    "INSERT INTO deliveries (endpoint_id, event_id, event) VALUES (:endpoint, :event_id, :event) "
    "RETURNING id"
)
_FORGET = text(
    "DELETE FROM deliveries WHERE id = ANY(ARRAY(SELECT id FROM deliveries "
    "WHERE created_at < :moment ORDER BY created_at LIMIT :most))"
)


def page(
    connection: Connection, endpoint: int, wanted: LogFilter, *, before: int | None, most: int
) -> list[Logged]:
    """The next deliveries to an endpoint that fit, newest first."""
    used = {name: value for name in _CONDITIONS if (value := getattr(wanted, name)) is not None}
    where = " AND ".join(["d.id < :before", *(_CONDITIONS[name] for name in used)])
    values = {**used, "endpoint": endpoint, "before": before or 1 << 62, "most": most}
    return _logged(connection, where, values)


def find(connection: Connection, endpoint: int, id_: int) -> Logged | None:
    """One delivery to an endpoint."""
    values: dict[str, object] = {"endpoint": endpoint, "id": id_, "most": 1}
    found = _logged(connection, "d.id = :id", values)
    return found[0] if found else None


def attempts(connection: Connection, delivery: int) -> list[LoggedAttempt]:
    """Every try of a delivery, the first one first; some hundreds at most."""
    rows = connection.execute(_ATTEMPTS, {"id": delivery})
    return [LoggedAttempt(**row._mapping) for row in rows]


def replay(connection: Connection, one: Endpoint, delivery: int, *, by: str) -> bool:
    """Makes a delivery again, now, whatever became of it.

    Returns:
        False when it is under way, is not there, or its event was dropped by retention.
    """
    values = {"endpoint": one.id, "id": delivery, "most": 1}
    if not connection.execute(_REPLAY_ONE, values).rowcount:
        return False
    _record(connection, by, one, {"delivery": delivery})
    return True


def replay_dead(
    connection: Connection, one: Endpoint, *, since: datetime, until: datetime, by: str
) -> int:
    """Makes those again that were given up and whose events were written in a period.

    Returns:
        How many: 5,000 of the oldest at most; 0 when none is left.
    """
    values = {"endpoint": one.id, "since": since, "until": until, "most": _BITE}
    again = connection.execute(_REPLAY_DEAD, values).rowcount
    if again:
        period = {"since": since.isoformat(), "until": until.isoformat()}
        _record(connection, by, one, {**period, "deliveries": again})
    return again


def send_test(connection: Connection, one: Endpoint, *, by: str) -> int:
    """An event for this endpoint alone; gives the number of its delivery."""
    event_id = outbox.tell(connection, EventName.WEBHOOK_TEST, {"endpoint": one.id, "by": by})
    audit.record(connection, actor=by, action="webhook.tested", subject=f"webhook {one.id}")
    values = {"endpoint": one.id, "event_id": event_id, "event": EventName.WEBHOOK_TEST}
    return int(connection.execute(_SEND, values).scalar_one())


def forget_before(connection: Connection, moment: datetime, *, most: int = _BITE) -> int:
    """Drops the oldest deliveries of events from before a moment, with their attempts."""
    return connection.execute(_FORGET, {"moment": moment, "most": most}).rowcount


def _logged(connection: Connection, where: str, values: dict[str, object]) -> list[Logged]:
    rows = connection.execute(text(_LOGGED.format(where=where)), values)
    return [Logged(**{**row._mapping, "state": DeliveryState(row.state)}) for row in rows]


def _record(connection: Connection, by: str, one: Endpoint, detail: dict[str, object]) -> None:
    subject = f"webhook {one.id}"
    audit.record(connection, actor=by, action="webhook.replayed", subject=subject, detail=detail)
