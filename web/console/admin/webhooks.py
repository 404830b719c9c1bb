"""`/admin/webhooks`: where events go, how each endpoint fares, and what it was sent."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Annotated, Any

from fastapi import APIRouter, Form, Path
from sqlalchemy import Connection, Engine
from starlette.requests import Request
from starlette.responses import HTMLResponse

from core.events import WANTABLE
from store.delivery import webhook_endpoints
from store.delivery.webhook_endpoints import Endpoint
from store.engine import transaction
from web.api.webhooks import changes
from web.api.webhooks.changes import Terms
from web.api.webhooks.schemas import NewWebhook, Period, WebhookWithSecret, shape_of
from web.console.admin.rooms import room_page
from web.console.labels.answers import actor
from web.console.labels.forms import shaped
from web.console.pages import Pages, Visit
from web.console.visits import visit_of

Id = Annotated[int, Path(ge=1, le=(1 << 31) - 1)]
_Word = Annotated[str, Form(max_length=2_000)]
_Number = Annotated[int, Form(ge=1, le=4)]
_EVER = Period(since=datetime(1970, 1, 1, tzinfo=UTC))


def webhook_pages(
    engine: Engine, pages: Pages, terms: Terms, wake: Callable[[], None]
) -> APIRouter:
    """The page, and the list, which every change answers with.

    Args:
        engine: of the database.
        pages: renders.
        terms: what webhooks may be.
        wake: tells relays that something is to be sent.
    """
    routes = APIRouter(include_in_schema=False, prefix="/admin/webhooks")
    acts: dict[str, Callable[[Connection, int, str], object]] = {
        "pause": lambda c, id_, by: changes.pause_webhook(c, id_, by=by),
        "resume": lambda c, id_, by: changes.resume_webhook(c, id_, by=by),
        "test": lambda c, id_, by: changes.try_webhook(c, id_, by=by),
        "delete": lambda c, id_, by: changes.delete_webhook(c, id_, by=by),
        "replay": lambda c, id_, by: changes.replay_given_up(c, id_, _EVER, by=by),
    }

    @routes.get("")
    def page(request: Request) -> HTMLResponse:
        shown = _listed(engine) | {"given": None, "events": WANTABLE}
        return room_page(pages, visit_of(request), "admin/webhooks.html", **shown)

    @routes.post("")
    def create(
        request: Request,
        url: _Word,
        events: Annotated[list[_Word], Form(max_length=100)] = [],  # noqa: B006 pydantic copies it
        description: _Word = "",
        concurrency: _Number = 2,
    ) -> HTMLResponse:
        visit = visit_of(request)
        wanted = shaped(
            NewWebhook,
            url=url.strip(),
            events=events,
            description=description,
            concurrency=concurrency,
        )
        made = transaction(engine, lambda c: changes.add_webhook(c, wanted, terms, by=actor(visit)))
        return _part(visit, made)

    @routes.post("/{webhook_id}/rotate")
    def rotate(request: Request, webhook_id: Id) -> HTMLResponse:
        visit = visit_of(request)
        made = transaction(
            engine, lambda c: changes.rotate_webhook(c, webhook_id, terms, by=actor(visit))
        )
        return _part(visit, made)

    def act(name: str) -> Callable[[Request, int], HTMLResponse]:
        def door(request: Request, webhook_id: Id) -> HTMLResponse:
            visit = visit_of(request)
            transaction(engine, lambda c: acts[name](c, webhook_id, actor(visit)))
            wake()
            return _part(visit, None)

        return door

    for name in acts:
        routes.post(f"/{{webhook_id}}/{name}", name=name)(act(name))

    def _part(visit: Visit, made: WebhookWithSecret | None) -> HTMLResponse:
        return pages.page(visit, "admin/_webhooks.html", given=made, **_listed(engine))

    return routes


def _listed(engine: Engine) -> dict[str, Any]:
    found: list[Endpoint] = transaction(engine, webhook_endpoints.page)
    return {"webhooks": [shape_of(each) for each in found]}
