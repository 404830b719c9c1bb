"""The admin pages one beside the other, each shown to those whom its door lets in."""

from collections.abc import Sequence
from typing import Any

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

from web.console.labels.answers import may
from web.console.pages import Pages, Place, Visit
from web.console.visits import visit_of
from web.console.words import N_
from web.problems import Problem

ROOMS: Sequence[Place] = (
    Place(path="/admin/people", name=N_("People")),
    Place(path="/admin/tokens", name=N_("Tokens")),
    Place(path="/admin/connections", name=N_("Connections")),
    Place(path="/admin/webhooks", name=N_("Webhooks")),
    Place(path="/admin/proposals", name=N_("Proposals")),
    Place(path="/admin/audit", name=N_("Audit log")),
    Place(path="/admin/erasures", name=N_("Erasures")),
    Place(path="/admin/settings", name=N_("Settings")),
)


def rooms_of(visit: Visit) -> list[Place]:
    """Those that are open to who reads the page."""
    return [room for room in ROOMS if may(visit, "GET", room.path)]


def room_page(pages: Pages, visit: Visit, template: str, **shown: Any) -> HTMLResponse:
    """A page with the way to the others."""
    return pages.page(visit, template, rooms=rooms_of(visit), **shown)


def admin_routes() -> APIRouter:
    """`/admin`: the first page that is open to who asks."""
    routes = APIRouter(include_in_schema=False)

    @routes.get("/admin")
    def first(request: Request) -> Response:
        rooms = rooms_of(visit_of(request))
        if not rooms:
            raise Problem("conflict", "A token reads no pages.", fix="sign in first")
        return Response(status_code=303, headers={"location": rooms[0].path})

    return routes
