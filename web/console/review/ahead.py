"""The next ticket, taken and drawn while the agent still judges the one before.

It is held like any other, so that nobody else begins with it; the page gives it back when it is
left, and what a page could not give back is free when its lease is over.
"""

from typing import Any

from fastapi import APIRouter
from sqlalchemy import Connection, Engine
from starlette.requests import Request
from starlette.responses import Response

from core.types import ReviewOrder
from store.engine import transaction
from store.feedback import review
from store.feedback.review import ReviewFilter, ReviewItem
from web.api.review import work
from web.console.pages import Pages
from web.console.review.desk import FIRST, Agent, ItemField, OrderField, desk_of
from web.console.visits import visit_of


def review_ahead_routes(engine: Engine, pages: Pages, *, lease_s: float) -> APIRouter:
    """The one door; an item is held for `lease_s` seconds."""
    routes = APIRouter(include_in_schema=False)

    @routes.post("/review/ahead")
    def ahead(
        request: Request, agent: Agent, current: ItemField, order: OrderField = FIRST
    ) -> Response:
        """204 where nothing is left to take."""

        def work_(connection: Connection) -> dict[str, Any] | None:
            item = _taken(connection, agent.name, order, lease_s, current=current)
            return None if item is None else desk_of(connection, agent.name, item)

        shown = transaction(engine, work_)
        if shown is None:
            return Response(status_code=204)
        return pages.page(visit_of(request), "review/_case.html", order=order, **shown)

    return routes


def holds(connection: Connection, agent: str, item: int | None) -> bool:
    """Whether an agent holds an item; None is no item."""
    asked = None if item is None else ReviewFilter(ids=[item], held_by=agent)
    return asked is not None and bool(review.page(connection, asked, most=1))


def _taken(
    connection: Connection, agent: str, order: ReviewOrder, lease_s: float, *, current: int
) -> ReviewItem | None:
    """What the agent holds beside the current item, held for longer; else what comes next."""
    held = review.page(connection, ReviewFilter(held_by=agent), most=2)
    other = next((item for item in held if item.id != current), None)
    if other is None:
        return review.claim(connection, agent=agent, lease_s=lease_s, order=order)
    return work.renewed(connection, other.id, agent=agent, lease_s=lease_s)
