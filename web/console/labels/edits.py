"""A label's words, level and threshold, edited in place."""

from typing import Annotated

from fastapi import APIRouter, Form
from sqlalchemy import Connection, Engine
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

from store.engine import one_moment, transaction
from web.api.control.gate import Gate
from web.api.labels.changes import edit_label
from web.api.labels.schemas import LabelChange, LabelEdit
from web.api.thresholds.changes import SAVE, previewed
from web.api.thresholds.schemas import Level, LevelsChange
from web.console.labels.answers import actor, carried_out
from web.console.labels.forms import (
    GoalForm,
    LevelForm,
    WordsForm,
    example_objects,
    shaped,
    wish_of,
)
from web.console.labels.routes import LabelKey, level_shown, must_be_in_use, offers, serving
from web.console.pages import Pages
from web.console.visits import visit_of
from web.etags import etag_of

_DIGITS = 6  # as scores are decided on


def label_edit_routes(engine: Engine, pages: Pages, gate: Gate) -> APIRouter:
    """What is saved under a label's key, and a goal that is tried on it."""
    routes = APIRouter(include_in_schema=False)

    @routes.post("/labels/{key}/words")
    def words(request: Request, key: LabelKey, form: Annotated[WordsForm, Form()]) -> Response:
        visit = visit_of(request)
        edit = shaped(
            LabelEdit,
            description=form.description,
            guidelines=form.guidelines,
            examples=example_objects(form.example),
        )

        def work(connection: Connection) -> object:
            name = must_be_in_use(connection, key).name
            change = LabelChange.model_construct(**dict(edit), label=name, made_on=form.made_on)
            return edit_label(connection, change, actor(visit))

        return carried_out(pages, visit, lambda: transaction(engine, work), f"/labels/{key}")

    @routes.post("/labels/{key}/level")
    def level(request: Request, key: LabelKey, form: Annotated[LevelForm, Form()]) -> Response:
        visit = visit_of(request)
        change = transaction(engine, lambda c: _levels_change(c, key, form))
        return carried_out(
            pages, visit, lambda: gate.run(SAVE, change, by=actor(visit)), f"/labels/{key}"
        )

    @routes.post("/labels/{key}/goal")
    def goal(request: Request, key: LabelKey, form: Annotated[GoalForm, Form()]) -> HTMLResponse:
        visit = visit_of(request)

        def work(connection: Connection) -> HTMLResponse:
            one_moment(connection)
            label = must_be_in_use(connection, key)
            preview, version = previewed(connection, wish_of(form, [label.name]))
            chosen = preview.labels[0]
            reached = {"level": chosen.after, "tag": etag_of(version), "reached": chosen}
            shown = level_shown(connection, label) | reached
            return pages.page(visit, "labels/_level.html", **shown, **offers(visit))

        return transaction(engine, work)

    return routes


def _levels_change(connection: Connection, key: str, form: LevelForm) -> LevelsChange:
    """The change; scores that stay keep the model that they were measured on."""
    label = must_be_in_use(connection, key)
    wanted = Level(
        automation=form.automation,
        preselect_from=_rounded(form.preselect_from),
        auto_from=_rounded(form.auto_from),
    )
    before = label.level
    scores = (wanted.preselect_from, wanted.auto_from)
    is_kept = scores in ((before.preselect_from, before.auto_from), (None, None))
    return LevelsChange(
        labels={label.name: wanted},
        measured_on=None if is_kept else serving(connection),
        made_on=form.made_on,
    )


def _rounded(score: float | None) -> float | None:
    return None if score is None else round(score, _DIGITS)
