"""`/v1/webhooks/{id}/deliveries`: what was sent, what came of it, and sending it again."""

from collections.abc import Callable
from typing import Annotated

from fastapi import APIRouter, Path, Query
from sqlalchemy import Connection, Engine

from store.delivery import delivery_log
from store.delivery.delivery_log import Logged
from store.engine import transaction
from web.api.cursors import cursor_of_number, number_of
from web.api.webhooks import changes
from web.api.webhooks.routes import ONE, Id, Who
from web.api.webhooks.schemas import (
    Begun,
    DeliveryPage,
    DeliveryShape,
    DeliveryWithAttempts,
    Period,
    Replayed,
    WantedDeliveries,
    with_attempts,
)
from web.problems import documented

_DeliveryId = Annotated[int, Path(ge=1, le=(1 << 63) - 1)]


def delivery_routes(engine: Engine, wake: Callable[[], None]) -> APIRouter:
    """The routes; `wake` tells relays that something is to be sent."""
    routes = APIRouter(prefix="/v1/webhooks/{webhook_id}", tags=["webhooks"])

    @routes.get(
        "/deliveries",
        response_model=DeliveryPage,
        responses=documented(*ONE),
        summary="List deliveries, newest first",
    )
    def list_(webhook_id: Id, wanted: Annotated[WantedDeliveries, Query()]) -> DeliveryPage:
        """Each with its last attempt."""
        before = None if wanted.cursor is None else number_of(wanted.cursor)

        def read(connection: Connection) -> list[Logged]:
            changes.known_webhook(connection, webhook_id)
            return delivery_log.page(
                connection, webhook_id, wanted.wanted(), before=before, most=wanted.limit
            )

        found = transaction(engine, read)
        return DeliveryPage(
            deliveries=[DeliveryShape.model_validate(each) for each in found],
            next=cursor_of_number(found[-1].id) if len(found) == wanted.limit else None,
        )

    @routes.get(
        "/deliveries/{delivery_id}",
        response_model=DeliveryWithAttempts,
        responses=documented(*ONE),
        summary="One delivery with every attempt",
    )
    def show(webhook_id: Id, delivery_id: _DeliveryId) -> DeliveryWithAttempts:
        """Status, time and the beginning of the answer of each."""

        def read(connection: Connection) -> DeliveryWithAttempts:
            found = delivery_log.find(connection, webhook_id, delivery_id)
            if found is None:
                raise changes.unknown_delivery(webhook_id, delivery_id)
            return with_attempts(found, delivery_log.attempts(connection, delivery_id))

        return transaction(engine, read)

    @routes.post(
        "/deliveries/{delivery_id}/replay",
        status_code=202,
        response_model=Begun,
        responses=documented(*ONE, "conflict"),
        summary="Deliver an event again",
    )
    def replay(webhook_id: Id, delivery_id: _DeliveryId, who: Who) -> Begun:
        """Whatever became of it; under the same `webhook-id`."""
        transaction(
            engine, lambda c: changes.replay_delivery(c, webhook_id, delivery_id, by=who.name)
        )
        wake()
        return Begun(delivery=delivery_id)

    @routes.post(
        "/replay",
        status_code=202,
        response_model=Replayed,
        responses=documented(*ONE, "too-large"),
        summary="Deliver what was given up in a period again",
    )
    def replay_dead(webhook_id: Id, period: Period, who: Who) -> Replayed:
        """The oldest 5,000 at a time: send it again until it answers 0."""
        again = transaction(
            engine, lambda c: changes.replay_given_up(c, webhook_id, period, by=who.name)
        )
        wake()
        return Replayed(deliveries=again)

    return routes
