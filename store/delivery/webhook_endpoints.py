"""Endpoints that events are delivered to: made, changed, stopped and let go on by people.

An endpoint is never removed as a row, so that the log of its deliveries can still be read; when it
is deleted its secrets go at once. What a change was made on is told by `version`.
"""

import base64
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from sqlalchemy import Connection, RowMapping, text

from core.errors import Invalid
from core.sealing import Box
from store.access import audit

WEBHOOK = "webhook"
MOST = 100
"""So many endpoints at most; each may have four requests under way."""
_SECRET_BYTES = 32  # Standard Webhooks asks for 24 to 64


class EndpointState(StrEnum):
    """Whether an endpoint gets anything.

    It does; events wait for it; it gets none, and none are kept for it.
    """

    ACTIVE = "active"
    PAUSED = "paused"
    DISABLED = "disabled"


@dataclass(frozen=True, slots=True, kw_only=True)
class Endpoint:
    """Where events go.

    Attributes:
        kind: what sends: `webhook`, or the helpdesk that is written into.
        target: the URL of a webhook; what that helpdesk calls its place otherwise.
        events: names of those that it gets.
        concurrency: 1 to 4 requests at a time.
        why: that it is paused or disabled; empty when it is active.
        old_secret_until: until then requests carry the old secret's signature too.
        delivered, failed: attempts, since it was made.
        failures: in a row, the last attempts; `failing_since` is when they began.
        open_until: the breaker is open, and a single attempt is made then; None for closed.
        waiting: deliveries to come.
        oldest_waiting_at: when the oldest of them was written; None where none waits.
    """

    id: int
    kind: str
    target: str
    description: str
    events: tuple[str, ...]
    concurrency: int
    state: EndpointState
    why: str
    version: int
    old_secret_until: datetime | None
    created_by: str
    created_at: datetime
    delivered: int
    failed: int
    delivered_at: datetime | None
    failures: int
    failing_since: datetime | None
    open_until: datetime | None
    waiting: int
    oldest_waiting_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """An endpoint as somebody wants it, checked before."""

    target: str
    events: Sequence[str]
    kind: str = WEBHOOK
    description: str = ""
    concurrency: int = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Made:
    """An endpoint with the one look at a secret that was made for it; None for other kinds."""

    endpoint: Endpoint
    secret: str | None


# Deliveries that wait are few where all is well; of many no more than some are counted.
_COUNTED = 100_000
_SELECT = f"""
SELECT e.id, e.kind, e.target, e.description, e.events, e.concurrency, e.state, e.why, e.version,
  CASE WHEN e.old_secret_until > clock_timestamp() THEN e.old_secret_until END AS old_secret_until,
  e.created_by, e.created_at, e.delivered, e.failed, e.delivered_at, e.failures, e.failing_since,
  e.open_until, w.waiting, w.oldest_waiting_at
FROM webhook_endpoints e CROSS JOIN LATERAL (
  SELECT count(*) AS waiting, min(created_at) AS oldest_waiting_at FROM (
    SELECT d.created_at FROM deliveries d
    WHERE d.endpoint_id = e.id AND d.state IN ('waiting', 'sending') LIMIT {_COUNTED}) d
) w
"""
_PAGE = text(f"{_SELECT} WHERE e.deleted_at IS NULL AND e.id > :after ORDER BY e.id LIMIT :most")
_ONE = text(f"{_SELECT} WHERE e.deleted_at IS NULL AND e.id = :id FOR NO KEY UPDATE OF e")
_TARGET = text(
    f"{_SELECT} WHERE e.deleted_at IS NULL AND e.kind = :kind AND e.target = :target "
    "ORDER BY e.id LIMIT 1"
)
_COUNT = text("SELECT count(*) FROM webhook_endpoints WHERE deleted_at IS NULL")
_ADD = text(
    "INSERT INTO webhook_endpoints (kind, target, description, events, concurrency, secret, "
    "created_by) VALUES (:kind, :target, :description, :events, :concurrency, "
    "CAST(:secret AS text), :by) RETURNING id"
)
_CHANGE = text(
    "UPDATE webhook_endpoints SET version = version + 1, target = :target, "
    "description = :description, events = :events, concurrency = :concurrency WHERE id = :id"
)
_ROTATE = text(
    "UPDATE webhook_endpoints SET version = version + 1, old_secret = secret, "
    "old_secret_until = clock_timestamp() + CAST(:grace AS interval), secret = :secret "
    "WHERE id = :id"
)
_STOP = text(
    "UPDATE webhook_endpoints SET version = version + 1, state = :state, why = :why WHERE id = :id"
)
_RESUME = text(
    "UPDATE webhook_endpoints SET version = version + 1, state = 'active', why = '', "
    "failures = 0, failing_since = NULL, open_until = NULL WHERE id = :id"
)
# What was tried before begins anew; what was not has all its time anyway.
_TRY_NOW = text(
    "UPDATE deliveries SET since = clock_timestamp(), next_at = least(next_at, clock_timestamp()) "
    "WHERE endpoint_id = :id AND state = 'waiting' AND attempts > 0"
)
_DELETE = text(
    "UPDATE webhook_endpoints SET version = version + 1, state = 'disabled', why = 'deleted', "
    "deleted_at = clock_timestamp(), secret = NULL, old_secret = NULL WHERE id = :id"
)
_WANTS = text(
    "SELECT EXISTS (SELECT FROM webhook_endpoints "
    "WHERE :event = ANY(events) AND state <> 'disabled' AND deleted_at IS NULL)"
)


def page(connection: Connection, *, after: int = 0, most: int = MOST) -> list[Endpoint]:
    """The endpoints after one, in the order in which they were made."""
    return [_endpoint(row) for row in _rows(connection, _PAGE, after=after, most=most)]


def endpoint(connection: Connection, id_: int) -> Endpoint | None:
    """One endpoint, locked against changes until the transaction ends."""
    found = _rows(connection, _ONE, id=id_)
    return _endpoint(found[0]) if found else None


def endpoint_of(connection: Connection, *, kind: str, target: str) -> Endpoint | None:
    """The endpoint of a kind that leads to a target, if there is one."""
    found = _rows(connection, _TARGET, kind=kind, target=target)
    return _endpoint(found[0]) if found else None


def is_wanted(connection: Connection, event: str) -> bool:
    """Whether an endpoint asks for an event."""
    return bool(connection.execute(_WANTS, {"event": event}).scalar())


def add(connection: Connection, wanted: Wanted, box: Box, *, by: str) -> Made:
    """Makes an endpoint; what happens from now on goes there.

    Raises:
        Invalid: there are 100 already.
    """
    if connection.execute(_COUNT).scalar_one() >= MOST:
        raise Invalid("url", f"would be one of more than {MOST} endpoints", "delete one first")
    secret = new_secret() if wanted.kind == WEBHOOK else None
    values = {**_values(wanted), "secret": secret and box.seal(secret), "by": by}
    id_ = connection.execute(_ADD, {**values, "kind": wanted.kind}).scalar_one()
    detail = {**_values(wanted), "kind": wanted.kind}
    _record(connection, by, "webhook.added", id_, detail)
    return Made(endpoint=_there(connection, id_), secret=secret)


def change(connection: Connection, one: Endpoint, wanted: Wanted, *, by: str) -> Endpoint:
    """Gives an endpoint another target, other events, words or concurrency."""
    connection.execute(_CHANGE, {**_values(wanted), "id": one.id})
    _record(connection, by, "webhook.changed", one.id, _values(wanted))
    return _there(connection, one.id)


def rotate(connection: Connection, one: Endpoint, box: Box, *, grace: timedelta, by: str) -> Made:
    """Gives a webhook a new secret; for some time requests carry both signatures.

    Raises:
        Invalid: it is of another kind and has none.
    """
    if one.kind != WEBHOOK:
        raise Invalid("endpoint", f"is a {one.kind} and has no secret", "rotate that of a webhook")
    secret = new_secret()
    connection.execute(_ROTATE, {"id": one.id, "secret": box.seal(secret), "grace": grace})
    _record(connection, by, "webhook.rotated", one.id, {})
    return Made(endpoint=_there(connection, one.id), secret=secret)


def stop(
    connection: Connection, one: Endpoint, state: EndpointState, why: str, *, by: str
) -> Endpoint:
    """Pauses or disables an endpoint."""
    connection.execute(_STOP, {"id": one.id, "state": state, "why": why})
    _record(connection, by, f"webhook.{state}", one.id, {"why": why})
    return _there(connection, one.id)


def resume(connection: Connection, one: Endpoint, *, by: str) -> Endpoint:
    """Lets an endpoint go on at once, its breaker closed: what waits is delivered."""
    connection.execute(_RESUME, {"id": one.id})
    connection.execute(_TRY_NOW, {"id": one.id})
    _record(connection, by, "webhook.resumed", one.id, {"was": one.state})
    return _there(connection, one.id)


def delete(connection: Connection, one: Endpoint, *, by: str) -> None:
    """Ends an endpoint and forgets its secrets; what waits for it stays undelivered."""
    connection.execute(_DELETE, {"id": one.id})
    _record(connection, by, "webhook.deleted", one.id, {"target": one.target})


def new_secret() -> str:
    """A signing secret of 32 random bytes, as Standard Webhooks writes it."""
    return f"whsec_{base64.b64encode(secrets.token_bytes(_SECRET_BYTES)).decode()}"


def _values(wanted: Wanted) -> dict[str, Any]:
    return {
        "target": wanted.target,
        "description": wanted.description,
        "events": list(wanted.events),
        "concurrency": wanted.concurrency,
    }


def _there(connection: Connection, id_: int) -> Endpoint:
    return _endpoint(_rows(connection, _ONE, id=id_)[0])


def _rows(connection: Connection, statement: Any, **values: Any) -> Sequence[RowMapping]:
    return connection.execute(statement, values).mappings().all()


def _endpoint(row: RowMapping) -> Endpoint:
    events, state = tuple(row["events"]), EndpointState(row["state"])
    return Endpoint(**{**row, "events": events, "state": state})


def _record(connection: Connection, by: str, action: str, id_: int, detail: dict[str, Any]) -> None:
    subject = f"webhook {id_}"
    audit.record(connection, actor=by, action=action, subject=subject, detail=detail)
