"""The training pages: runs, why each started, where the one under way is, and asking for one."""

from collections.abc import Callable
from typing import Annotated

from fastapi import APIRouter, Form, Path
from sqlalchemy import Connection, Engine
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

from core.types import RunState
from store.engine import transaction
from store.models import snapshots, training_runs
from web.api.cursors import cursor_of_number, number_of
from web.api.retrain.schemas import RetrainWish, RunRecord, line_of, record_of
from web.console.labels.answers import actor, go_to, may
from web.console.labels.forms import shaped
from web.console.models.routes import Cursor
from web.console.pages import Pages
from web.console.visits import visit_of
from web.problems import Problem

_PAGE = 50
_OPEN = (RunState.QUEUED, RunState.RUNNING)
_Run = Annotated[int, Path(ge=1, le=2**63 - 1)]


def training_routes(engine: Engine, pages: Pages, wake: Callable[[], object]) -> APIRouter:
    """`/training`; `wake` tells trainers that a run waits, if it can."""
    routes = APIRouter(include_in_schema=False)

    @routes.get("/training")
    def page(request: Request, cursor: Cursor = None) -> HTMLResponse:
        visit = visit_of(request)
        before = None if cursor is None else number_of(cursor)
        found = transaction(engine, lambda c: training_runs.newest(c, most=_PAGE, before=before))
        return pages.page(
            visit,
            "models/training.html",
            runs=[line_of(run) for run in found],
            under_way=_under_way(engine),
            next=cursor_of_number(found[-1].id) if len(found) == _PAGE else None,
            may_edit=may(visit, "POST", "/training"),
        )

    @routes.post("/training")
    def ask(request: Request, note: Annotated[str, Form(max_length=1_000)] = "") -> Response:
        by = actor(visit_of(request))
        wish = shaped(RetrainWish, **({"note": note} if note.strip() else {}))
        run, is_new = transaction(engine, lambda c: training_runs.ask(c, reason=wish.note, by=by))
        if not is_new:
            detail = f"Run {run.id} is {run.state}, asked for by {run.requested_by}."
            raise Problem("conflict", detail, fix="wait until it is over")
        wake()
        return go_to("/training")

    @routes.get("/training/progress")
    def progress(request: Request) -> Response:
        """Of the run that is under way; when it is over the page is told to show its end."""
        found = _under_way(engine)
        if found is None:
            return go_to("/training")
        return pages.page(visit_of(request), "models/_progress.html", under_way=found)

    @routes.get("/training/{run}")
    def show(request: Request, run: _Run) -> HTMLResponse:
        found = transaction(engine, lambda c: _record(c, run))
        return pages.page(visit_of(request), "models/run.html", run=found)

    return routes


def _under_way(engine: Engine) -> RunRecord | None:
    """The run that waits or is made now; it is the newest or the one before that."""
    newest = transaction(engine, lambda c: training_runs.newest(c, most=2))
    open_ = [run for run in newest if run.state in _OPEN]
    return record_of(open_[-1], None) if open_ else None


def _record(connection: Connection, number: int) -> RunRecord:
    found = training_runs.find(connection, number)
    if found is None:
        raise Problem("not-found", f"There is no training run {number}.")
    of = found.snapshot_id
    return record_of(found, None if of is None else snapshots.summary_of(connection, of))
