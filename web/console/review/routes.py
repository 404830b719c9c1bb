"""The review page: one ticket at a time, taken, held and settled by keys."""

from collections.abc import Callable
from typing import Annotated, Any

from fastapi import APIRouter, Path, Query
from sqlalchemy import Connection, Engine
from starlette.requests import Request
from starlette.responses import HTMLResponse

from core.types import ReviewOrder
from store.engine import transaction
from store.feedback import review
from web.api.review import work
from web.api.review.schemas import ResolutionIn
from web.console.pages import Pages
from web.console.review.ahead import holds
from web.console.review.desk import (
    FIRST,
    Agent,
    Judgement,
    JudgementForm,
    OrderField,
    Undoable,
    around,
    desk_of,
    held_by,
    next_desk,
    read_case,
    replacement,
)
from web.console.visits import visit_of

_ItemId = Annotated[int, Path(ge=1, le=(1 << 63) - 1)]


def review_page_routes(engine: Engine, pages: Pages, *, lease_s: float) -> APIRouter:
    """`/review` and its parts; an item is held for `lease_s` seconds, longer while one works."""
    routes = APIRouter(include_in_schema=False)

    def part(
        request: Request, make: Callable[[Connection], dict[str, Any]], order: ReviewOrder
    ) -> HTMLResponse:
        shown = transaction(engine, make)
        return pages.page(visit_of(request), "review/_desk.html", order=order, **shown)

    @routes.get("/review")
    def page(
        request: Request, agent: Agent, order: Annotated[ReviewOrder, Query()] = FIRST
    ) -> HTMLResponse:
        """Takes nothing by itself: shows what the agent holds, and its parts ask for the rest."""
        shown = transaction(engine, lambda c: desk_of(c, agent.name, held_by(c, agent.name)))
        orders = list(ReviewOrder)
        visit = visit_of(request)
        return pages.page(visit, "review/page.html", order=order, orders=orders, **shown)

    @routes.post("/review/next")
    def next_(request: Request, agent: Agent, order: OrderField = FIRST) -> HTMLResponse:
        return part(request, lambda c: next_desk(c, agent.name, order, lease_s), order)

    @routes.post("/review/{item}/renew")
    def renew(request: Request, agent: Agent, item: _ItemId) -> HTMLResponse:
        held = transaction(
            engine, lambda c: work.renewed(c, item, agent=agent.name, lease_s=lease_s)
        )
        return pages.page(
            visit_of(request), "review/_lease.html", item_id=item, lease_until=held.lease_until
        )

    @routes.post("/review/{item}")
    def resolve(request: Request, agent: Agent, item: _ItemId, said: JudgementForm) -> HTMLResponse:
        """The next one; only what stands around it where the page shows one that is held."""

        def work_(connection: Connection) -> tuple[bool, dict[str, Any]]:
            given = _resolved(connection, item, said, agent.name)
            if holds(connection, agent.name, said.ahead):
                return True, around(connection, agent.name, None, given)
            return False, next_desk(connection, agent.name, said.order, lease_s, given)

        moved_on, shown = transaction(engine, work_)
        template = "review/_moved_on.html" if moved_on else "review/_desk.html"
        answer = pages.page(visit_of(request), template, order=said.order, **shown)
        answer.headers["hx-reswap"] = "none" if moved_on else "innerHTML"
        return answer

    return routes


def _resolved(connection: Connection, item: int, said: Judgement, agent: str) -> Undoable | None:
    with work.told():
        found = review.find(connection, item)
    case = read_case(connection, found.ticket_id, found)
    labels, department = replacement(said, case)
    made = ResolutionIn(outcome=said.outcome, labels=labels, department=department, note=said.note)
    done = work.resolved(connection, item, made, agent=agent)
    if done.feedback_id is None:
        return None
    return Undoable(ticket_id=found.ticket_id, feedback_id=done.feedback_id, outcome=said.outcome)
