"""A goal for all labels: what it would make of each threshold is seen before it counts."""

from typing import Annotated

from fastapi import APIRouter, Form
from sqlalchemy import Connection, Engine
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

from core.errors import Invalid
from store.engine import transaction
from web.api.control.gate import Gate
from web.api.thresholds.changes import SAVE, previewed
from web.api.thresholds.schemas import LevelsChange, LevelsIn
from web.console.labels.answers import actor, carried_out, may
from web.console.labels.forms import GoalForm, shaped, wish_of
from web.console.labels.shown import LEVELS
from web.console.pages import Pages
from web.console.visits import visit_of
from web.etags import etag_of

_Tag = Annotated[str, Form(max_length=100)]
_Change = Annotated[str, Form(max_length=500_000)]


def label_goal_routes(engine: Engine, pages: Pages, gate: Gate) -> APIRouter:
    """`/labels/goal`: the form, its preview, and saving what was previewed."""
    routes = APIRouter(include_in_schema=False)

    @routes.get("/labels/goal")
    def page(request: Request) -> HTMLResponse:
        return pages.page(visit_of(request), "labels/goal.html")

    @routes.post("/labels/goal")
    def preview(request: Request, form: Annotated[GoalForm, Form()]) -> HTMLResponse:
        visit = visit_of(request)

        def work(connection: Connection) -> HTMLResponse:
            found, version = previewed(connection, wish_of(form))
            return pages.page(
                visit,
                "labels/_goal.html",
                preview=found,
                change=found.change.model_dump_json(),
                tag=etag_of(version),
                levels=LEVELS,
                may_edit=may(visit, "POST", "/labels/goal/save"),
            )

        return transaction(engine, work)

    @routes.post("/labels/goal/save")
    def save(request: Request, change: _Change, made_on: _Tag) -> Response:
        visit = visit_of(request)
        wanted = _parsed(change)
        body = shaped(LevelsChange, **dict(wanted), made_on=made_on)
        return carried_out(pages, visit, lambda: gate.run(SAVE, body, by=actor(visit)), "/labels")

    return routes


def _parsed(change: str) -> LevelsIn:
    try:
        return LevelsIn.model_validate_json(change)
    except ValueError as error:
        raise Invalid("change", "is not what was shown", "look at the goal again") from error
