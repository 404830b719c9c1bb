"""Endpoints, events and relays for tests, and a clock that tests move."""

from collections.abc import Sequence
from datetime import timedelta
from ipaddress import ip_network
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, Engine, text
from uuid_utils.compat import uuid7

from core.addresses import Reach
from core.events import EventName
from core.sealing import Box
from deliver.guard import Resolve
from deliver.helpdesks import HelpdeskBook, Line
from deliver.receivers import ReceiverBook
from deliver.relay import Pace, Relay
from deliver.schedule import Patience
from deliver.webhooks import Wire
from store.delivery import outbox, webhook_endpoints
from store.delivery.webhook_endpoints import Endpoint, Made, Wanted
from store.engine import transaction

LOOPBACK = Reach(over_http=True, networks=(ip_network("127.0.0.0/8"),))
BOX = Box(None)
_TIMES = {
    "deliveries": ("next_at", "since", "created_at", "done_at"),
    "webhook_endpoints": ("failing_since", "open_until", "old_secret_until", "delivered_at"),
}
_BUSY = text(
    "SELECT EXISTS (SELECT FROM deliveries d JOIN webhook_endpoints e ON e.id = d.endpoint_id "
    "WHERE d.state = 'sending' OR (d.state = 'waiting' AND d.next_at <= clock_timestamp() "
    "AND e.state = 'active' AND e.deleted_at IS NULL "
    "AND coalesce(e.open_until, '-infinity') <= clock_timestamp()))"
)


def an_endpoint(engine: Engine, url: str, **changes: Any) -> Made:
    wanted = Wanted(**{"target": url, "events": list(EventName), **changes})
    return transaction(engine, lambda c: webhook_endpoints.add(c, wanted, BOX, by="ann"))


def an_event(
    engine: Engine, event: EventName = EventName.TICKET_ROUTED, ticket: UUID | None = None
) -> UUID:
    return transaction(
        engine, lambda c: outbox.tell(c, event, {"n": 1}, ticket_id=ticket, revision=1)
    )


def some_events(engine: Engine, number: int) -> list[UUID]:
    """Of a ticket each."""
    return [an_event(engine, ticket=uuid7()) for _ in range(number)]


def a_relay(
    engine: Engine, *, timeout_s: float = 5, resolve: Resolve | None = None, **patience: float
) -> Relay:
    wire = Wire(LOOPBACK, timeout_s=timeout_s, resolve=resolve)
    patient = Patience(**{"retry_s": 72 * 3600, "pause_s": 48 * 3600, **patience})
    pace = Pace(lease_s=60, poll_interval_s=0.02, patience=patient)
    desks = HelpdeskBook(engine, Line(LOOPBACK, timeout_s=timeout_s), BOX)
    return Relay(engine, ReceiverBook(wire, BOX, desks), pace)


def deliver_all(relay: Relay, *others: Relay) -> None:
    """Everything that is due, and whatever falls due behind it."""
    begun = 1
    while begun:
        for each in (relay, *others):
            each.rest(30)
        begun = sum([each.look() for each in (relay, *others)])


def pass_time(engine: Engine, time: timedelta) -> None:
    """Moves everything that deliveries go by into the past, as if so much time had gone by."""
    with engine.begin() as connection:
        move_back(connection, time)


def pass_time_unless_busy(engine: Engine, time: timedelta) -> bool:
    """The same beside a relay that works; False, and nothing moves, while it has anything to do."""
    with engine.begin() as connection:
        connection.execute(text("SELECT id FROM webhook_endpoints ORDER BY id FOR UPDATE"))
        if connection.execute(_BUSY).scalar_one():
            return False
        move_back(connection, time)
        return True


def move_back(connection: Connection, time: timedelta) -> None:
    for table, columns in _TIMES.items():
        moved = ", ".join(f"{column} = {column} - CAST(:time AS interval)" for column in columns)
        connection.execute(text(f"UPDATE {table} SET {moved}"), {"time": time})


def the_endpoint(engine: Engine, id_: int) -> Endpoint:
    found = transaction(engine, lambda c: webhook_endpoints.endpoint(c, id_))
    assert found is not None
    return found


def states(engine: Engine) -> Sequence[str]:
    """Of every delivery, in the order of their making."""
    with engine.connect() as connection:
        found = connection.execute(text("SELECT state FROM deliveries ORDER BY id"))
        return list(found.scalars())
