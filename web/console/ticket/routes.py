"""The page of one ticket: what it says, why it went where it went, the same decided again."""

from typing import Annotated, Any, Literal
from uuid import UUID

from fastapi import APIRouter, Form, Query
from sqlalchemy import Connection, Engine
from starlette.requests import Request
from starlette.responses import HTMLResponse

from core.errors import Invalid
from router.replaying import Under, replay_object
from router.why import why_object
from store.decided import explanations
from store.engine import transaction
from store.rules import rulesets
from web.console.pages import Pages
from web.console.ticket.marks import marked
from web.console.ticket.view import show_ticket
from web.console.visits import visit_of
from web.problems import Problem

_MOST_LOOKS = 30
"""About a second apart; then the page says that no worker has answered."""


def ticket_page_routes(engine: Engine, pages: Pages, *, fresh_s: float) -> APIRouter:
    """The page, its explanation, and its replay.

    An explanation that is older than `fresh_s` seconds is made again after new feedback.
    """
    routes = APIRouter(include_in_schema=False, prefix="/tickets/{ticket_id}")

    @routes.get("")
    def page(request: Request, ticket_id: UUID) -> HTMLResponse:
        return show_ticket(engine, pages, request, ticket_id)

    @routes.get("/why")
    def why(
        request: Request, ticket_id: UUID, looks: Annotated[int, Query(ge=0, le=1_000)] = 0
    ) -> HTMLResponse:
        found = transaction(engine, lambda c: _explained(c, ticket_id, fresh_s=fresh_s))
        pieces = marked(found["text"], found["explanation"]["labels"])
        shown = {"why": found, "pieces": pieces, "looks": looks, "gives_up": looks >= _MOST_LOOKS}
        return pages.page(visit_of(request), "ticket/_why.html", 200, **shown)

    @routes.post("/replay")
    def replay(
        request: Request, ticket_id: UUID, under: Annotated[Literal["record", "present"], Form()]
    ) -> HTMLResponse:
        found = transaction(engine, lambda c: _replayed(c, ticket_id, under))
        return pages.page(visit_of(request), "ticket/_replay.html", made=found, under=under)

    return routes


def _explained(connection: Connection, ticket_id: UUID, *, fresh_s: float) -> dict[str, Any]:
    """What explains the decision; asks a worker for what is not there yet."""
    scored = explanations.scored_by(connection, ticket_id)
    if scored is None:
        raise Problem("not-found", f"There is no ticket {ticket_id}.")
    made = None
    if scored.subject is not None:
        made = explanations.ask(connection, scored.subject, fresh_s=fresh_s)
    found = why_object(connection, ticket_id, made)
    if found is None:
        raise Problem("conflict", "No decision stands on the ticket.")
    return found


def _replayed(connection: Connection, ticket_id: UUID, under: str) -> dict[str, Any]:
    ruleset = rulesets.active_version(connection) if under == "present" else None
    if under == "present" and ruleset is None:
        raise Invalid("under", "is present, and no rules are active", "save rules first")
    found = replay_object(connection, ticket_id, Under(ruleset=ruleset))
    if found is None:
        raise Problem("conflict", "No decision stands on the ticket.")
    return found
