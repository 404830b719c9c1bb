"""The bulk review page: up to a hundred tickets taken at once and settled where they stand."""

from collections.abc import Iterable
from datetime import datetime
from enum import IntEnum
from typing import Annotated, Any

from fastapi import APIRouter, Form, Query
from sqlalchemy import Connection, Engine
from starlette.requests import Request
from starlette.responses import HTMLResponse

from core.types import ReviewOrder
from store.engine import transaction
from store.feedback import review_batches
from web.console.pages import Pages
from web.console.review.bulk_form import Items
from web.console.review.desk import FIRST, Agent, OrderField, around
from web.console.review.rows import Refused, Row, taken
from web.console.visits import visit_of
from web.console.words import N_

_LOST = N_("It is not yours any more: its time was over, or it was decided again")


class Amount(IntEnum):
    """How many tickets are taken at once."""

    TEN = 10
    SOME = 25
    MANY = 50
    MOST = 100


AmountField = Annotated[Amount, Form()]


def review_bulk_routes(engine: Engine, pages: Pages, *, lease_s: float) -> APIRouter:
    """`/review/bulk` and what takes, holds and gives back; items are held for `lease_s` seconds."""
    routes = APIRouter(include_in_schema=False)

    @routes.get("/review/bulk")
    def page(
        request: Request,
        agent: Agent,
        n: Annotated[Amount, Query()] = Amount.SOME,
        order: Annotated[ReviewOrder, Query()] = FIRST,
    ) -> HTMLResponse:
        """Takes nothing by itself; its part does."""
        shown = transaction(engine, lambda c: around(c, agent.name, None))
        shown |= {"n": n, "amounts": list(Amount), "order": order, "orders": list(ReviewOrder)}
        return pages.page(visit_of(request), "review/bulk.html", **shown)

    @routes.post("/review/bulk/next")
    def next_(
        request: Request,
        agent: Agent,
        n: AmountField = Amount.SOME,
        order: OrderField = FIRST,
        items: Items | None = None,
    ) -> HTMLResponse:
        """`items` are given back before others are taken."""

        def take(connection: Connection) -> dict[str, Any]:
            review_batches.release_held(connection, items or [], agent=agent.name)
            rows = taken(connection, agent.name, order, most=n, lease_s=lease_s)
            return around(connection, agent.name, None) | _list(rows)

        shown = transaction(engine, take)
        visit = visit_of(request)
        answer = pages.page(visit, "review/_bulk.html", n=n, order=order, **shown)
        answer.headers["hx-replace-url"] = f"/review/bulk?n={n.value}&order={order.value}"
        return answer

    @routes.post("/review/bulk/release")
    def release(
        request: Request,
        agent: Agent,
        n: AmountField = Amount.SOME,
        order: OrderField = FIRST,
        items: Items | None = None,
    ) -> HTMLResponse:
        def give_back(connection: Connection) -> dict[str, Any]:
            review_batches.release_held(connection, items or [], agent=agent.name)
            return around(connection, agent.name, None) | _list([], is_given_back=True)

        shown = transaction(engine, give_back)
        return pages.page(visit_of(request), "review/_bulk.html", n=n, order=order, **shown)

    @routes.post("/review/bulk/renew")
    def renew(request: Request, agent: Agent, items: Items) -> HTMLResponse:
        held = transaction(
            engine,
            lambda c: review_batches.renew_held(c, items, agent=agent.name, lease_s=lease_s),
        )
        lost = [Refused(key=str(item), problem=_LOST) for item in items if item not in held]
        visit = visit_of(request)
        return pages.page(
            visit, "review/_leases.html", lease_until=_first(held.values()), lost=lost
        )

    return routes


def _list(rows: list[Row], *, is_given_back: bool = False) -> dict[str, Any]:
    leases = (row.case.item.lease_until for row in rows if row.case.item)
    return {"rows": rows, "lease_until": _first(leases), "is_given_back": is_given_back}


def _first(leases: Iterable[datetime | None]) -> datetime | None:
    return min((lease for lease in leases if lease), default=None)
