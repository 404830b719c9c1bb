"""What is said on the bulk review page: rows settled, taken back and judged again."""

from collections.abc import Callable
from typing import Any

from fastapi import APIRouter
from sqlalchemy import Connection, Engine
from starlette.requests import Request
from starlette.responses import HTMLResponse

from store.engine import transaction
from web.console.pages import Pages
from web.console.review.bulk_form import (
    MOST_FIELDS,
    Given,
    Items,
    SaidForm,
    Tickets,
    given_by_key,
)
from web.console.review.desk import Agent, around
from web.console.review.rows import Refused, Row, Settled, settled, settled_again, taken_back
from web.console.visits import visit_of


def review_bulk_said_routes(
    engine: Engine, pages: Pages, *, service_users: frozenset[str]
) -> APIRouter:
    """The three doors; what `service_users` say of a ticket does not count."""
    routes = APIRouter(include_in_schema=False, form_limits={"max_fields": MOST_FIELDS})

    def part(request: Request, make: Callable[[Connection], dict[str, Any]]) -> HTMLResponse:
        shown = transaction(engine, make)
        return pages.page(visit_of(request), "review/_rows.html", **shown)

    @routes.post("/review/bulk/undo")
    def undo(request: Request, agent: Agent, given: Given) -> HTMLResponse:
        by_key = given_by_key(given)
        return part(
            request,
            lambda c: _done(c, agent.name, taken_back(c, by_key, agent=agent.name)),
        )

    @routes.post("/review/bulk/again")
    def again(request: Request, agent: Agent, tickets: Tickets, said: SaidForm) -> HTMLResponse:
        def judge(connection: Connection) -> dict[str, Any]:
            made = settled_again(
                connection, tickets, said, agent=agent.name, service_users=service_users
            )
            return _done(connection, agent.name, made)

        return part(request, judge)

    @routes.post("/review/bulk")
    def settle(request: Request, agent: Agent, items: Items, said: SaidForm) -> HTMLResponse:
        return part(
            request,
            lambda c: _done(c, agent.name, settled(c, items, said, agent=agent.name)),
        )

    return routes


def _done(
    connection: Connection, agent: str, made: list[Settled | Refused] | list[Row | Refused]
) -> dict[str, Any]:
    return around(connection, agent, None) | {
        "settled": [each for each in made if isinstance(each, Settled)],
        "refused": [each for each in made if isinstance(each, Refused)],
        "back": [each for each in made if isinstance(each, Row)],
    }
