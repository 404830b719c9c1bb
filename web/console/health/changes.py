"""What people do on the health page: try failed tickets again, and have drift checked now."""

from collections.abc import Callable, Sequence
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Form
from sqlalchemy import Connection, Engine
from starlette.requests import Request
from starlette.responses import HTMLResponse

from core.errors import Invalid
from store.access import audit
from store.decided.decisions import replay_quarantined
from store.engine import transaction
from web.api.drift.routes import ask_for_check
from web.console.health.routes import read_drift, read_failed
from web.console.labels.answers import actor
from web.console.pages import Pages
from web.console.visits import visit_of

_MOST = 200
_Marked = Annotated[list[UUID] | None, Form(max_length=_MOST)]


def health_change_routes(
    engine: Engine,
    pages: Pages,
    announce: Callable[[Sequence[UUID]], None],
    *,
    min_tickets: int,
    ask: Callable[[], bool],
) -> APIRouter:
    """The two doors.

    Args:
        engine: of the database.
        pages: renders.
        announce: tells workers of tickets that wait.
        min_tickets: under which no window is judged for drift.
        ask: has trainers check for drift now; False where they could not be told.
    """
    routes = APIRouter(include_in_schema=False, prefix="/health")

    @routes.post("/quarantined")
    def try_again(
        request: Request, ticket: _Marked = None, every: Annotated[bool, Form()] = False
    ) -> HTMLResponse:
        visit = visit_of(request)
        if not ticket and not every:
            raise Invalid("ticket", "is missing", "mark the tickets to try again")
        ids = None if every else ticket
        again = transaction(engine, lambda c: _replay(c, ids, by=actor(visit)))
        announce(again)
        shown = transaction(engine, lambda c: read_failed(c, visit, again=len(again)))
        return pages.page(visit, "health/_quarantined.html", **shown)

    @routes.post("/drift")
    def check(request: Request) -> HTMLResponse:
        visit = visit_of(request)
        newest = ask_for_check(engine, min_tickets, ask).newest_report or 0
        shown = transaction(engine, lambda c: read_drift(c, visit, min_tickets, newest))
        return pages.page(visit, "health/_drift.html", **shown)

    return routes


def _replay(connection: Connection, ids: Sequence[UUID] | None, *, by: str) -> list[UUID]:
    """Puts these back in the queue, or all that are in quarantine; one line in the audit log."""
    again = replay_quarantined(connection, ids=ids)
    if again:
        which = f"ticket {again[0]}" if len(again) == 1 else "quarantine"
        detail = {"tickets": len(again)}
        audit.record(connection, actor=by, action="ticket.replayed", subject=which, detail=detail)
    return again
