"""Deliveries made again from the command line."""

from datetime import UTC, datetime

from sqlalchemy import Engine

from core.errors import Invalid
from store.delivery import delivery_log
from store.delivery.webhook_endpoints import Endpoint
from store.engine import transaction


def replay_one(engine: Engine, one: Endpoint, delivery: int, *, by: str) -> None:
    """Makes one delivery again.

    Raises:
        Invalid: it is not there, under way, or its event was dropped.
    """
    if not transaction(engine, lambda c: delivery_log.replay(c, one, delivery, by=by)):
        fix = f"see `pointsman webhooks deliveries {one.id}`"
        raise Invalid("DELIVERY", f"{delivery} cannot be made again", fix)


def replay_all(engine: Engine, one: Endpoint, *, since: datetime, by: str) -> int:
    """Makes everything again that was given up of events from a moment on; gives how many."""
    total, until = 0, datetime.now(UTC)
    while again := transaction(
        engine, lambda c: delivery_log.replay_dead(c, one, since=since, until=until, by=by)
    ):
        total += again
    return total
