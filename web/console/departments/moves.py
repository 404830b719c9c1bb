"""Departments renamed, and rules handed over: what that touches is shown before."""

from dataclasses import dataclass
from typing import Annotated, Literal

from fastapi import APIRouter, Form
from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy import Connection, Engine
from starlette.requests import Request
from starlette.responses import Response

from core.errors import Invalid
from router.changes import Change, compare
from router.department_changes import with_department
from router.editing import standing
from router.ruleset import ruleset_object
from store.engine import transaction
from store.rules import departments
from web.api.control.gate import Gate
from web.api.departments.changes import rename_department
from web.api.departments.schemas import NewName
from web.api.rules.doors import must_stand
from web.api.rules.saving import SAVE, RulesToSave
from web.console.departments.routes import must_be_in_use
from web.console.departments.shown import DepartmentKey, key_of
from web.console.labels.answers import actor, carried_out
from web.console.labels.forms import shaped
from web.console.pages import Pages
from web.console.visits import visit_of
from web.etags import must_match


class MoveForm(BaseModel):
    """A new name, or who takes over.

    It is made on the department or the revision of the rules that was read; `step` says whether to
    show what it touches or to make it.
    """

    model_config = ConfigDict(extra="forbid")

    made_on: Annotated[str, Field(max_length=100)]
    to: Annotated[str, Field(max_length=400)]
    step: Literal["show", "make"] = "show"


@dataclass(frozen=True, slots=True, kw_only=True)
class HandOver:
    """Rules that name one department in another's place: what differs, and what to save."""

    change: Change
    body: RulesToSave


def department_move_pages(engine: Engine, pages: Pages, gate: Gate) -> APIRouter:
    """What touches rules on a department's page."""
    routes = APIRouter(include_in_schema=False, prefix="/departments/{key}")

    @routes.post("/rename")
    def rename(request: Request, key: DepartmentKey, form: Annotated[MoveForm, Form()]) -> Response:
        visit = visit_of(request)
        body = shaped(NewName, name=form.to.strip())
        if form.step == "show":
            touched = transaction(engine, lambda c: _touched(c, key, body.name))
            return pages.page(visit, "departments/_touched.html", touched=touched)

        def work(connection: Connection) -> object:
            name, by = must_be_in_use(connection, key).name, actor(visit)
            return rename_department(connection, name, body, if_match=form.made_on, by=by)

        then = f"/departments/{key_of(body.name)}"
        return carried_out(pages, visit, lambda: transaction(engine, work), then)

    @routes.post("/hand-over")
    def hand_over(
        request: Request, key: DepartmentKey, form: Annotated[MoveForm, Form()]
    ) -> Response:
        visit = visit_of(request)
        found = transaction(engine, lambda c: _handed_over(c, key, form.to))
        if form.step == "show":
            return pages.page(visit, "departments/_touched.html", touched=found.change)

        def save() -> object:
            must_match(form.made_on, found.body.base)
            return gate.run(SAVE, found.body, by=actor(visit), note=found.body.note)

        return carried_out(pages, visit, save, f"/departments/{key}")

    return routes


def _touched(connection: Connection, key: str, to: str) -> Change | None:
    """What a new name changes in the rules; None where they do not name the department.

    Raises:
        Invalid: the name is taken.
    """
    name = must_be_in_use(connection, key).name
    if departments.is_taken(connection, to):
        raise Invalid("to", "is the name of another department, in use or retired", "give another")
    found = standing(connection)
    if found is None:
        return None
    change = compare(found.ruleset, with_department(found.ruleset, name, to))
    return change if change.diff else None


def _handed_over(connection: Connection, key: str, to: str) -> HandOver:
    """The rules with another department in its place.

    Raises:
        Invalid: the other one is not in use, or is the same.
        Problem: no rules were ever saved.
    """
    name = must_be_in_use(connection, key).name
    if to == name or departments.find(connection, to) is None:
        raise Invalid("to", "is no other department in use", "choose one")
    base = must_stand(standing(connection))
    wanted = with_department(base.ruleset, name, to)
    note = f"{to} takes over from {name}"
    body = RulesToSave(base=base.version, ruleset=ruleset_object(wanted), note=note)
    return HandOver(change=compare(base.ruleset, wanted), body=body)
