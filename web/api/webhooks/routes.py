"""`/v1/webhooks`: where events go, for ops."""

from typing import Annotated

from fastapi import APIRouter, Depends, Path, Query
from sqlalchemy import Engine
from starlette.responses import Response

from store.access.api_tokens import Caller
from store.delivery import webhook_endpoints
from store.engine import transaction
from web.access import caller
from web.api.cursors import cursor_of_number, number_of
from web.api.people.schemas import WantedPage
from web.api.webhooks import changes
from web.api.webhooks.changes import Terms
from web.api.webhooks.schemas import (
    NewWebhook,
    WebhookChange,
    WebhookPage,
    WebhookShape,
    WebhookWithSecret,
    shape_of,
)
from web.etags import IfMatch, etag_of
from web.problems import documented

Id = Annotated[int, Path(ge=1, le=(1 << 31) - 1)]
Who = Annotated[Caller, Depends(caller)]
ONE = ("unauthenticated", "forbidden", "not-found", "invalid", "unavailable")


def webhook_routes(engine: Engine, terms: Terms) -> APIRouter:
    """The routes; `terms` say what webhooks may be."""
    routes = APIRouter(prefix="/v1/webhooks", tags=["webhooks"])

    @routes.get(
        "",
        response_model=WebhookPage,
        responses=documented("unauthenticated", "forbidden", "invalid", "unavailable"),
        summary="List webhooks, oldest first",
    )
    def list_(wanted: Annotated[WantedPage, Query()]) -> WebhookPage:
        """With how each fares; those of helpdesks too."""
        after = 0 if wanted.cursor is None else number_of(wanted.cursor)
        found = transaction(
            engine, lambda c: webhook_endpoints.page(c, after=after, most=wanted.limit)
        )
        return WebhookPage(
            webhooks=[shape_of(each) for each in found],
            next=cursor_of_number(found[-1].id) if len(found) == wanted.limit else None,
        )

    @routes.post(
        "",
        status_code=201,
        response_model=WebhookWithSecret,
        responses=documented("unauthenticated", "forbidden", "too-large", "invalid", "unavailable"),
        summary="Make a webhook",
    )
    def create(wanted: NewWebhook, who: Who) -> WebhookWithSecret:
        """It gets what happens from now on. Its `secret` is shown this once."""
        return transaction(engine, lambda c: changes.add_webhook(c, wanted, terms, by=who.name))

    @routes.get(
        "/{webhook_id}",
        response_model=WebhookShape,
        responses=documented(*ONE),
        summary="One webhook",
    )
    def show(webhook_id: Id, answer: Response) -> WebhookShape:
        """How it fares, and its `ETag`."""
        found = transaction(engine, lambda c: changes.known_webhook(c, webhook_id))
        answer.headers["etag"] = etag_of(found.version)
        return shape_of(found)

    @routes.patch(
        "/{webhook_id}",
        response_model=WebhookShape,
        responses=documented(*ONE, "conflict", "changed-meanwhile", "too-large", "match-needed"),
        summary="Change a webhook",
    )
    def edit(
        webhook_id: Id, wanted: WebhookChange, who: Who, answer: Response, if_match: IfMatch = None
    ) -> WebhookShape:
        """What waits goes to the new URL."""
        changed = transaction(
            engine,
            lambda c: changes.change_webhook(c, webhook_id, wanted, if_match, terms, who.name),
        )
        answer.headers["etag"] = etag_of(changed.version)
        return shape_of(changed)

    @routes.delete(
        "/{webhook_id}",
        status_code=204,
        responses=documented(*ONE, "conflict"),
        summary="Delete a webhook",
    )
    def delete(webhook_id: Id, who: Who) -> None:
        """It gets nothing any more, not even what waits; its secrets are forgotten."""
        transaction(engine, lambda c: changes.delete_webhook(c, webhook_id, by=who.name))

    return routes
