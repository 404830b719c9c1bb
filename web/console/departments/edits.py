"""Departments added, described, made the default and retired."""

from functools import partial
from typing import Annotated, TypeAlias

from fastapi import APIRouter, Form
from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy import Connection, Engine
from starlette.requests import Request
from starlette.responses import Response

from store.engine import transaction
from store.rules.taxonomy import Department
from web.api.departments.changes import add_department, change_department, retire_department
from web.api.departments.schemas import DepartmentChange, NewDepartment
from web.console.departments.routes import must_be_in_use
from web.console.departments.shown import DepartmentKey, key_of
from web.console.labels.answers import actor, carried_out
from web.console.labels.forms import shaped
from web.console.pages import Pages
from web.console.visits import visit_of

_Tag: TypeAlias = Annotated[str, Field(max_length=100)]
_Name: TypeAlias = Annotated[str, Field(max_length=400)]
_Words: TypeAlias = Annotated[str, Field(max_length=2_000)]


class AddForm(BaseModel):
    """A department to add."""

    model_config = ConfigDict(extra="forbid")

    name: _Name
    description: _Words = ""


class WordsForm(BaseModel):
    """A description in place of the one that was read as `made_on`."""

    model_config = ConfigDict(extra="forbid")

    made_on: _Tag
    description: _Words = ""


class MadeOn(BaseModel):
    """What a change was made on."""

    model_config = ConfigDict(extra="forbid")

    made_on: _Tag


def department_edit_pages(engine: Engine, pages: Pages) -> APIRouter:
    """What is changed on the list, and on a department's page without touching rules."""
    routes = APIRouter(include_in_schema=False, prefix="/departments")

    def changed(request: Request, key: str, body: DepartmentChange, made_on: str) -> Response:
        visit = visit_of(request)

        def work(connection: Connection) -> object:
            name = must_be_in_use(connection, key).name
            return change_department(connection, name, body, if_match=made_on, by=actor(visit))

        then = f"/departments/{key}"
        return carried_out(pages, visit, lambda: transaction(engine, work), then)

    @routes.post("")
    def add(request: Request, form: Annotated[AddForm, Form()]) -> Response:
        visit = visit_of(request)
        body = shaped(NewDepartment, name=form.name.strip(), description=form.description)
        then, by = f"/departments/{key_of(body.name)}", actor(visit)
        added = partial(transaction, engine, lambda c: add_department(c, body, by))
        return carried_out(pages, visit, added, then)

    @routes.post("/{key}/words")
    def words(request: Request, key: DepartmentKey, form: Annotated[WordsForm, Form()]) -> Response:
        body = shaped(DepartmentChange, description=form.description)
        return changed(request, key, body, form.made_on)

    @routes.post("/{key}/default")
    def default(request: Request, key: DepartmentKey, form: Annotated[MadeOn, Form()]) -> Response:
        return changed(request, key, DepartmentChange(is_default=True), form.made_on)

    @routes.post("/{key}/retire")
    def retire(request: Request, key: DepartmentKey, form: Annotated[MadeOn, Form()]) -> Response:
        visit = visit_of(request)

        def work(connection: Connection) -> Department:
            gone = must_be_in_use(connection, key)
            retire_department(connection, gone.name, if_match=form.made_on, by=actor(visit))
            return gone

        return pages.page(visit, "departments/_retired.html", gone=transaction(engine, work))

    return routes
