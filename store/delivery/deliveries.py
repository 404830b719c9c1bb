"""Deliveries under way: taken by a relay under a lease, and what became of each.

Whoever takes or ends a delivery holds its endpoint's row, so that of several relays one at a time
counts what is under way, keeps the order of each ticket's events and moves the breaker. All times
are the database's.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, text

from store.delivery.webhook_endpoints import EndpointState


class DeliveryState(StrEnum):
    """Where a delivery is: it waits for its time, is under way, arrived, or was given up."""

    WAITING = "waiting"
    SENDING = "sending"
    DELIVERED = "delivered"
    DEAD = "dead"


@dataclass(frozen=True, slots=True, kw_only=True)
class Address:
    """Where a delivery goes, and the sealed secrets that sign it, the newest first."""

    endpoint: int
    kind: str
    target: str
    secrets: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Claimed:
    """A delivery that is ours until its lease is over.

    Attributes:
        token: the fence: only its holder may say what became of it.
        attempts: this one included.
        payload: of the event; None where the outbox has dropped it.
    """

    id: int
    token: int
    attempts: int
    event_id: UUID
    event: str
    payload: Mapping[str, Any] | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Batch:
    """What was taken for one endpoint."""

    address: Address
    claimed: tuple[Claimed, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """How a delivery of ours and its endpoint are now.

    Attributes:
        attempts: of the delivery.
        tried_s: seconds since its first attempt.
        failures: of the endpoint in a row, before this one.
        failing_s: seconds since they began; 0 where the last attempt went well.
        state: of the endpoint.
    """

    attempts: int
    tried_s: float
    failures: int
    failing_s: float
    state: EndpointState


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """One try: the answer's status if there was one, its time, what went wrong, what was said."""

    status: int | None
    ms: int
    error: str
    answer: str


_IS_OPEN = "d.state IN ('waiting', 'sending')"
_MAY = (
    "e.state = 'active' AND e.deleted_at IS NULL "
    "AND (e.open_until IS NULL OR e.open_until <= clock_timestamp())"
)
_READY = text(
    f"SELECT e.id FROM webhook_endpoints e WHERE {_MAY} AND EXISTS (SELECT FROM deliveries d "
    f"WHERE d.endpoint_id = e.id AND {_IS_OPEN} AND d.next_at <= clock_timestamp()) ORDER BY e.id"
)
_HOLD = text(
    "SELECT e.kind, e.target, e.secret, "
    "CASE WHEN e.old_secret_until > clock_timestamp() THEN e.old_secret END AS old_secret, "
    "CASE WHEN e.open_until IS NULL THEN e.concurrency ELSE 1 END - (SELECT count(*) "
    "  FROM deliveries d WHERE d.endpoint_id = e.id AND d.state = 'sending' "
    "  AND d.next_at > clock_timestamp()) AS room "
    f"FROM webhook_endpoints e WHERE e.id = :id AND {_MAY} FOR NO KEY UPDATE OF e SKIP LOCKED"
)
_CLAIM = text(
    f"""
WITH due AS (
  SELECT d.id FROM deliveries d
  WHERE d.endpoint_id = :id AND {_IS_OPEN} AND d.next_at <= clock_timestamp()
    AND NOT EXISTS (SELECT FROM deliveries b WHERE b.ticket_id = d.ticket_id
      AND b.endpoint_id = d.endpoint_id AND b.state IN ('waiting', 'sending') AND b.id < d.id)
  ORDER BY d.next_at, d.id LIMIT :room FOR UPDATE SKIP LOCKED
)
UPDATE deliveries d SET state = 'sending', attempts = d.attempts + 1, token = d.token + 1,
  since = CASE WHEN d.attempts = 0 THEN clock_timestamp() ELSE d.since END,
  next_at = clock_timestamp() + make_interval(secs => :lease_s)
FROM due WHERE d.id = due.id
RETURNING d.id, d.token, d.attempts, d.event_id, d.event
"""
)
_PAYLOADS = text("SELECT id, payload FROM outbox WHERE id = ANY(:ids)")
_OURS = text(
    "SELECT d.attempts, extract(epoch FROM clock_timestamp() - d.since)::float8 AS tried_s, "
    "e.failures, coalesce(extract(epoch FROM clock_timestamp() - e.failing_since), 0)::float8 "
    "AS failing_s, e.state FROM webhook_endpoints e JOIN deliveries d ON d.endpoint_id = e.id "
    "WHERE d.id = :id AND d.token = :token AND d.state = 'sending' FOR NO KEY UPDATE OF e, d"
)
_LOG = text(
    "INSERT INTO delivery_attempts (delivery_id, status, ms, error, answer) "
    "VALUES (:id, CAST(:status AS int), :ms, :error, :answer)"
)
_END = text(
    "UPDATE deliveries SET state = :state, done_at = clock_timestamp() "
    "WHERE id = :id AND token = :token"
)
_AGAIN = text(
    "UPDATE deliveries SET state = 'waiting', "
    "next_at = clock_timestamp() + make_interval(secs => :in_s) WHERE id = :id AND token = :token"
)
_WENT_WELL = text(
    "UPDATE webhook_endpoints SET delivered = delivered + 1, delivered_at = clock_timestamp(), "
    "failures = 0, failing_since = NULL, open_until = NULL WHERE id = :endpoint"
)
_WENT_WRONG = text(
    "UPDATE webhook_endpoints SET failed = failed + 1, failures = failures + 1, "
    "failing_since = coalesce(failing_since, clock_timestamp()), open_until = CASE "
    "WHEN CAST(:open_s AS float8) > 0 THEN greatest(open_until, clock_timestamp() "
    "+ make_interval(secs => :open_s)) ELSE open_until END WHERE id = :endpoint"
)


def ready(connection: Connection) -> list[int]:
    """Endpoints that something is due for; it takes no lock."""
    return list(connection.execute(_READY).scalars())


def claim(connection: Connection, endpoint: int, *, lease_s: float) -> Batch | None:
    """Takes what may be sent to an endpoint now.

    An event of a ticket waits until every earlier one of that ticket arrived or was given up.

    Args:
        connection: an open transaction.
        endpoint: which.
        lease_s: seconds after which another may take it.

    Returns:
        None while another relay looks, or there is no room or nothing due.
    """
    row = connection.execute(_HOLD, {"id": endpoint}).one_or_none()
    if row is None or row.room <= 0:
        return None
    values = {"id": endpoint, "room": row.room, "lease_s": lease_s}
    taken = connection.execute(_CLAIM, values).mappings().all()
    if not taken:
        return None
    payloads = _payloads(connection, [each["event_id"] for each in taken])
    secrets = tuple(secret for secret in (row.secret, row.old_secret) if secret is not None)
    return Batch(
        address=Address(endpoint=endpoint, kind=row.kind, target=row.target, secrets=secrets),
        claimed=tuple(
            Claimed(**each, payload=payloads.get(each["event_id"]))
            for each in sorted(taken, key=lambda each: int(each["id"]))
        ),
    )


def standing(connection: Connection, claimed: Claimed) -> Standing | None:
    """How it stands, locked until the transaction ends; None when it is not ours any more."""
    row = connection.execute(_OURS, {"id": claimed.id, "token": claimed.token}).one_or_none()
    if row is None:
        return None
    return Standing(**{**row._mapping, "state": EndpointState(row.state)})


def log(connection: Connection, claimed: Claimed, attempt: Attempt) -> None:
    """Keeps what came of a try."""
    values = {"status": attempt.status, "ms": attempt.ms, "error": attempt.error}
    connection.execute(_LOG, {**values, "id": claimed.id, "answer": attempt.answer})


def end(connection: Connection, claimed: Claimed, state: DeliveryState) -> None:
    """It arrived, or is given up."""
    values = {"id": claimed.id, "token": claimed.token, "state": state}
    connection.execute(_END, values)


def again(connection: Connection, claimed: Claimed, *, in_s: float) -> None:
    """It is tried again, not before so many seconds."""
    connection.execute(_AGAIN, {"id": claimed.id, "token": claimed.token, "in_s": in_s})


def went_well(connection: Connection, endpoint: int) -> None:
    """The endpoint answers: its breaker closes."""
    connection.execute(_WENT_WELL, {"endpoint": endpoint})


def went_wrong(connection: Connection, endpoint: int, *, open_s: float) -> None:
    """The endpoint failed once more; for `open_s` seconds, if any, its breaker is open."""
    connection.execute(_WENT_WRONG, {"endpoint": endpoint, "open_s": open_s})


def _payloads(connection: Connection, ids: Sequence[UUID]) -> dict[UUID, Mapping[str, Any]]:
    rows = connection.execute(_PAYLOADS, {"ids": list(ids)})
    return {row.id: row.payload for row in rows}
