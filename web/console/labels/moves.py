"""Labels added, renamed, merged, split and retired: what that touches is shown before."""

from typing import Annotated

from fastapi import APIRouter, Form
from sqlalchemy import Engine
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

from router.label_outlook import Wanted
from store.engine import transaction
from web.api.labels.changes import made, shown
from web.console.labels.answers import actor, go_to
from web.console.labels.forms import MoveForm, NewForm, addition_wanted, move_wanted
from web.console.labels.routes import LabelKey, must_be_in_use
from web.console.labels.shown import LEVELS, key_of
from web.console.pages import Pages, Visit
from web.console.visits import visit_of


def label_move_routes(engine: Engine, pages: Pages) -> APIRouter:
    """`/labels/new` and the moves of a label; a form's `step` says whether to show or to make."""
    routes = APIRouter(include_in_schema=False)

    def moved(visit: Visit, wanted: Wanted, step: str) -> Response:
        outlook, touched = transaction(engine, lambda c: shown(c, wanted))
        if step == "show":
            by_trainer = outlook.needs_model
            return pages.page(visit, "labels/_touched.html", touched=touched, by_trainer=by_trainer)
        done = transaction(engine, lambda c: made(c, wanted, outlook, touched))
        if done.request is not None:
            return go_to(f"/labels/changes/{done.request}")
        return go_to(f"/labels/{key_of(wanted.after[0])}" if wanted.after else "/labels")

    @routes.get("/labels/new")
    def new(request: Request) -> HTMLResponse:
        return pages.page(visit_of(request), "labels/new.html", levels=LEVELS)

    @routes.post("/labels/new")
    def add(request: Request, form: Annotated[NewForm, Form()]) -> Response:
        visit = visit_of(request)
        return moved(visit, addition_wanted(form, actor(visit)), form.step)

    @routes.post("/labels/{key}/move")
    def move(request: Request, key: LabelKey, form: Annotated[MoveForm, Form()]) -> Response:
        visit = visit_of(request)
        label = transaction(engine, lambda c: must_be_in_use(c, key))
        return moved(visit, move_wanted(label.name, form, actor(visit)), form.step)

    return routes
