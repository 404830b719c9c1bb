"""`/v1/retrain`: trainings: asking for one, and what became of each."""

from collections.abc import Callable
from typing import Annotated

from fastapi import APIRouter, Depends, Path, Query
from sqlalchemy import Connection, Engine

from store.access.api_tokens import Caller
from store.engine import transaction
from store.models import snapshots, training_runs
from web.access import caller
from web.api.cursors import cursor_of_number, number_of
from web.api.retrain.schemas import (
    RetrainWish,
    RunInList,
    RunList,
    RunRecord,
    WantedRuns,
    line_of,
    record_of,
)
from web.problems import Problem, documented

_REFUSED = ("unauthenticated", "forbidden", "invalid", "unavailable")
_Run = Annotated[int, Path(ge=1, le=2**63 - 1)]


def retrain_routes(engine: Engine, wake: Callable[[], object]) -> APIRouter:
    """The three doors; `wake` tells trainers that a run waits, if it can."""
    routes = APIRouter(prefix="/v1/retrain", tags=["models"])

    @routes.post(
        "",
        status_code=202,
        response_model=RunInList,
        responses=documented(*_REFUSED, "conflict", "too-large"),
        summary="Train a new model now",
    )
    def ask(body: RetrainWish, by: Annotated[Caller, Depends(caller)]) -> RunInList:
        """From what agents corrected. The gate decides whether the new model serves."""
        run, is_new = transaction(
            engine, lambda c: training_runs.ask(c, reason=body.note, by=by.name)
        )
        if not is_new:
            detail = f"Run {run.id} is {run.state}, asked for by {run.requested_by}."
            raise Problem("conflict", detail, fix=f"see `GET /v1/retrain/{run.id}`", run=run.id)
        wake()
        return line_of(run)

    @routes.get(
        "", response_model=RunList, responses=documented(*_REFUSED), summary="List trainings"
    )
    def list_(wanted: Annotated[WantedRuns, Query()]) -> RunList:
        """Newest first; those that nobody asked for too."""
        before = None if wanted.cursor is None else number_of(wanted.cursor)
        found = transaction(
            engine, lambda c: training_runs.newest(c, most=wanted.limit, before=before)
        )
        is_full = len(found) == wanted.limit
        return RunList(
            runs=[line_of(run) for run in found],
            next=cursor_of_number(found[-1].id) if is_full else None,
        )

    @routes.get(
        "/{run}",
        response_model=RunRecord,
        responses=documented(*_REFUSED, "not-found"),
        summary="Everything about one training",
    )
    def show(run: _Run) -> RunRecord:
        """Why it was started, where it is, what it learns from, how it ended and why."""

        def read(connection: Connection) -> RunRecord | None:
            found = training_runs.find(connection, run)
            if found is None:
                return None
            of = found.snapshot_id
            return record_of(found, None if of is None else snapshots.summary_of(connection, of))

        record = transaction(engine, read)
        if record is None:
            raise Problem("not-found", f"There is no training run {run}.")
        return record

    return routes
