"""Open incidents on the live page: storms of tickets, each as one line."""

from typing import Annotated

from fastapi import APIRouter, Path
from sqlalchemy import Connection, Engine
from starlette.requests import Request
from starlette.responses import HTMLResponse

from store.decided import incidents
from store.engine import transaction
from web.api.incidents.routes import known
from web.console.labels.answers import actor, may
from web.console.pages import Pages, Visit
from web.console.visits import visit_of

_SHOWN = 20
_Id = Annotated[int, Path(ge=1, le=2**63 - 1)]


def live_incident_routes(engine: Engine, pages: Pages) -> APIRouter:
    """The panel, and ending an incident from it."""
    routes = APIRouter(include_in_schema=False, prefix="/live/incidents")

    @routes.get("")
    def panel(request: Request) -> HTMLResponse:
        return _panel(engine, pages, visit_of(request))

    @routes.post("/{incident}/close")
    def close(request: Request, incident: _Id) -> HTMLResponse:
        visit = visit_of(request)

        def work(connection: Connection) -> None:
            known(connection, incident)
            incidents.close(connection, incident, actor=actor(visit))

        transaction(engine, work)
        return _panel(engine, pages, visit)

    return routes


def _panel(engine: Engine, pages: Pages, visit: Visit) -> HTMLResponse:
    found = transaction(engine, lambda c: incidents.page(c, is_open=True, before=None, most=_SHOWN))
    may_close = may(visit, "POST", "/live/incidents/{incident}/close")
    return pages.page(visit, "live/_incidents.html", incidents=found, may_close=may_close)
