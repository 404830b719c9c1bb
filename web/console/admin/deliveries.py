"""`/admin/webhooks/{id}`: what an endpoint was sent, each attempt, and sending it again."""

from collections.abc import Callable
from typing import Annotated, Any

from fastapi import APIRouter, Path, Query
from sqlalchemy import Connection, Engine
from starlette.requests import Request
from starlette.responses import HTMLResponse

from store.delivery import delivery_log
from store.delivery.delivery_log import LogFilter
from store.engine import transaction
from web.api.cursors import cursor_of_number, number_of
from web.api.webhooks import changes
from web.api.webhooks.schemas import shape_of
from web.console.admin.rooms import room_page
from web.console.admin.webhooks import Id
from web.console.labels.answers import actor
from web.console.pages import Pages
from web.console.visits import visit_of

_MOST = 50
_DeliveryId = Annotated[int, Path(ge=1, le=(1 << 63) - 1)]
_Cursor = Annotated[str, Query(max_length=100)]


def delivery_pages(engine: Engine, pages: Pages, wake: Callable[[], None]) -> APIRouter:
    """The page, and its table again after a replay; `wake` tells relays."""
    routes = APIRouter(include_in_schema=False, prefix="/admin/webhooks/{webhook_id}")

    @routes.get("")
    def page(request: Request, webhook_id: Id, cursor: _Cursor = "") -> HTMLResponse:
        shown = transaction(engine, lambda c: _listed(c, webhook_id, cursor))
        return room_page(pages, visit_of(request), "admin/deliveries.html", **shown)

    @routes.post("/deliveries/{delivery_id}/replay")
    def replay(request: Request, webhook_id: Id, delivery_id: _DeliveryId) -> HTMLResponse:
        visit = visit_of(request)

        def work(connection: Connection) -> dict[str, Any]:
            changes.replay_delivery(connection, webhook_id, delivery_id, by=actor(visit))
            return _listed(connection, webhook_id, "")

        shown = transaction(engine, work)
        wake()
        return pages.page(visit, "admin/_deliveries.html", **shown)

    return routes


def _listed(connection: Connection, webhook_id: int, cursor: str) -> dict[str, Any]:
    one = changes.known_webhook(connection, webhook_id)
    before = number_of(cursor) if cursor else None
    found = delivery_log.page(connection, one.id, LogFilter(), before=before, most=_MOST)
    return {
        "webhook": shape_of(one),
        "deliveries": found,
        "cursor": cursor,
        "next": cursor_of_number(found[-1].id) if len(found) == _MOST else None,
    }
