"""`/admin/people`: who may sign in, as what; a password is shown once and never again."""

from typing import Annotated, Any

from fastapi import APIRouter, Form, Path, Query
from sqlalchemy import Connection, Engine
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

from core.types import Role
from store.access import people
from store.engine import transaction
from web.api.cursors import cursor_of_number, number_of
from web.api.people.changes import add_person, change_person, with_new_password
from web.api.people.schemas import NewPerson, PersonChange, PersonWithPassword
from web.console.account import ROLES
from web.console.admin.rooms import room_page
from web.console.labels.answers import actor, overtaken
from web.console.labels.forms import shaped
from web.console.pages import Pages, Visit
from web.console.visits import visit_of
from web.etags import etag_of
from web.problems import Problem

_MOST = 50

_Id = Annotated[int, Path(ge=1, le=(1 << 31) - 1)]
_Cursor = Annotated[str, Query(max_length=100)]
_Place = Annotated[str, Form(max_length=100)]


def people_pages(engine: Engine, pages: Pages) -> APIRouter:
    """The page, and the list, which every change answers with."""
    routes = APIRouter(include_in_schema=False)

    @routes.get("/admin/people")
    def page(request: Request, cursor: _Cursor = "") -> HTMLResponse:
        visit = visit_of(request)
        shown = _listed(engine, cursor)
        return room_page(pages, visit, "admin/people.html", given=None, **shown)

    @routes.post("/admin/people")
    def add(
        request: Request,
        name: Annotated[str, Form(max_length=1_000)],
        role: Annotated[Role, Form()],
        cursor: _Place = "",
    ) -> HTMLResponse:
        visit = visit_of(request)
        wanted = shaped(NewPerson, name=name.strip(), role=role)
        return _part(visit, cursor, add_person(engine, wanted, by=actor(visit)))

    @routes.post("/admin/people/{person_id}")
    def change(
        request: Request,
        person_id: _Id,
        version: Annotated[int, Form(ge=0)],
        role: Annotated[Role | None, Form()] = None,
        disabled: Annotated[bool | None, Form()] = None,
        cursor: _Place = "",
    ) -> Response:
        visit = visit_of(request)
        wanted = shaped(PersonChange, role=role, disabled=disabled)

        def work(connection: Connection) -> object:
            return change_person(connection, person_id, wanted, etag_of(version), actor(visit))

        try:
            transaction(engine, work)
        except Problem as problem:
            return overtaken(pages, visit, problem)
        return _part(visit, cursor)

    @routes.post("/admin/people/{person_id}/password")
    def password(request: Request, person_id: _Id, cursor: _Place = "") -> HTMLResponse:
        visit = visit_of(request)
        return _part(visit, cursor, with_new_password(engine, person_id, by=actor(visit)))

    def _part(visit: Visit, cursor: str, given: PersonWithPassword | None = None) -> HTMLResponse:
        return pages.page(visit, "admin/_people.html", given=given, **_listed(engine, cursor))

    return routes


def _listed(engine: Engine, cursor: str) -> dict[str, Any]:
    after = number_of(cursor) if cursor else 0
    found = transaction(engine, lambda c: people.people(c, after=after, most=_MOST))
    next_ = cursor_of_number(found[-1].id) if len(found) == _MOST else None
    return {"people": found, "next": next_, "cursor": cursor, "roles": ROLES}
