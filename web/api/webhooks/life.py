"""`/v1/webhooks/{id}/rotate` and what else is done to one: pause, resume, test."""

from collections.abc import Callable

from fastapi import APIRouter
from sqlalchemy import Engine

from store.engine import transaction
from web.api.webhooks import changes
from web.api.webhooks.changes import Terms
from web.api.webhooks.routes import ONE, Id, Who
from web.api.webhooks.schemas import Begun, WebhookShape, WebhookWithSecret, shape_of
from web.problems import documented


def webhook_life_routes(engine: Engine, terms: Terms, wake: Callable[[], None]) -> APIRouter:
    """The routes.

    Args:
        engine: of the database.
        terms: how long an old secret goes on.
        wake: tells relays that something is to be sent.
    """
    routes = APIRouter(prefix="/v1/webhooks", tags=["webhooks"])

    @routes.post(
        "/{webhook_id}/rotate",
        response_model=WebhookWithSecret,
        responses=documented(*ONE, "conflict"),
        summary="Give a webhook a new secret",
    )
    def rotate(webhook_id: Id, who: Who) -> WebhookWithSecret:
        """Until `old_secret_until` requests carry the signatures of both."""
        return transaction(
            engine, lambda c: changes.rotate_webhook(c, webhook_id, terms, by=who.name)
        )

    @routes.post(
        "/{webhook_id}/pause",
        response_model=WebhookShape,
        responses=documented(*ONE, "conflict"),
        summary="Send nothing for now",
    )
    def pause(webhook_id: Id, who: Who) -> WebhookShape:
        """What happens meanwhile waits, for as long as the outbox keeps it."""
        return shape_of(
            transaction(engine, lambda c: changes.pause_webhook(c, webhook_id, by=who.name))
        )

    @routes.post(
        "/{webhook_id}/resume",
        response_model=WebhookShape,
        responses=documented(*ONE),
        summary="Go on sending",
    )
    def resume(webhook_id: Id, who: Who) -> WebhookShape:
        """Also one that was disabled, or whose breaker is open: it is tried at once."""
        resumed = transaction(engine, lambda c: changes.resume_webhook(c, webhook_id, by=who.name))
        wake()
        return shape_of(resumed)

    @routes.post(
        "/{webhook_id}/test",
        status_code=202,
        response_model=Begun,
        responses=documented(*ONE, "conflict"),
        summary="Send a test event",
    )
    def test(webhook_id: Id, who: Who) -> Begun:
        """`webhook.test`, to this one alone; see what became of it in its deliveries."""
        delivery = transaction(engine, lambda c: changes.try_webhook(c, webhook_id, by=who.name))
        wake()
        return Begun(delivery=delivery)

    return routes
