"""`/v1/drift`: whether tickets of now are still those that the model was made for."""

from collections.abc import Callable
from pathlib import Path as File
from typing import Annotated

from fastapi import APIRouter, Path, Query
from sqlalchemy import Connection, Engine
from starlette.responses import HTMLResponse

from store.engine import transaction
from store.figures import drift_reports
from store.figures.drift_reports import DriftReport, OpenWindow
from web.api.cursors import cursor_of_number, number_of
from web.api.drift.schemas import (
    DriftAsked,
    ReportList,
    ReportRecord,
    WantedReports,
    asked,
    line_of,
    record_of,
)
from web.problems import Problem, documented
from web.security import REPORT_POLICY

_REFUSED = ("unauthenticated", "forbidden", "invalid", "unavailable")
_Report = Annotated[int, Path(ge=1, le=2**63 - 1)]


def drift_routes(
    engine: Engine, *, state: File, min_tickets: int, ask: Callable[[], bool]
) -> APIRouter:
    """The four doors.

    Args:
        engine: the database.
        state: the folder that trainers write, on a volume shared with them.
        min_tickets: under which no window is judged.
        ask: has trainers check now; False where they could not be told.
    """
    routes = APIRouter(prefix="/v1/drift", tags=["models"])

    @routes.get(
        "", response_model=ReportList, responses=documented(*_REFUSED), summary="List drift reports"
    )
    def list_(wanted: Annotated[WantedReports, Query()]) -> ReportList:
        """Newest first, of every version that served."""
        before = None if wanted.cursor is None else number_of(wanted.cursor)
        found = transaction(
            engine, lambda c: drift_reports.page(c, before=before, most=wanted.limit)
        )
        is_full = len(found) == wanted.limit
        return ReportList(
            reports=[line_of(report) for report in found],
            next=cursor_of_number(found[-1].id) if is_full else None,
        )

    @routes.post(
        "",
        status_code=202,
        response_model=DriftAsked,
        responses=documented("unauthenticated", "forbidden", "conflict", "unavailable"),
        summary="Check for drift now",
    )
    def check() -> DriftAsked:
        """Before the window is due, if it has tickets enough. A trainer does it within minutes."""
        return ask_for_check(engine, min_tickets, ask)

    @routes.get(
        "/{report}",
        response_model=ReportRecord,
        responses=documented(*_REFUSED, "not-found"),
        summary="Everything that one check found",
    )
    def show(report: _Report) -> ReportRecord:
        """Each signal of each label with its value, its limit and a sentence."""
        return record_of(_known(engine, report))

    @routes.get(
        "/{report}/page",
        response_class=HTMLResponse,
        responses=documented(*_REFUSED, "not-found"),
        summary="A report as a page with pictures",
    )
    def page(report: _Report) -> HTMLResponse:
        """One HTML page with its pictures inside, in which nothing can run."""
        file = drift_reports.page_file(state, _known(engine, report).id)
        headers = {"content-security-policy": REPORT_POLICY}
        return HTMLResponse(_text(file), headers=headers)

    return routes


def ask_for_check(engine: Engine, min_tickets: int, ask: Callable[[], bool]) -> DriftAsked:
    """Has trainers look at the window that is open.

    Args:
        engine: the database.
        min_tickets: under which no window is judged.
        ask: has trainers check now; False where they could not be told.

    Raises:
        Problem: no model serves, the window has too few tickets, or Redis is away.
    """

    def read(connection: Connection) -> tuple[OpenWindow | None, DriftReport | None]:
        window = drift_reports.open_window(connection, enough=min_tickets)
        return window, drift_reports.newest(connection)

    window, newest = transaction(engine, read)
    wanted = _checkable(window, min_tickets)
    if not ask():
        detail = "Trainers could not be told, because Redis is away."
        raise Problem("unavailable", detail, headers={"retry-after": "5"})
    return asked(wanted, newest)


def _known(engine: Engine, id_: int) -> DriftReport:
    found = transaction(engine, lambda c: drift_reports.find(c, id_))
    if found is None:
        raise Problem("not-found", f"There is no drift report {id_}.")
    return found


def _checkable(window: OpenWindow | None, min_tickets: int) -> OpenWindow:
    if window is None:
        raise Problem("conflict", "No model serves.", fix="let one serve, then check again")
    if window.tickets < min_tickets:
        few = f"{window.tickets} tickets since {window.since:%Y-%m-%d %H:%M} UTC"
        detail = f"{few}; under {min_tickets} nothing is judged."
        raise Problem("conflict", detail, fix="wait for more tickets")
    return window


def _text(file: File) -> str:
    try:
        return file.read_text(encoding="utf-8")
    except OSError as error:
        detail = f"{file.name}: {error.strerror or 'cannot be read'}."
        fix = "see that POINTSMAN_STATE_DIR is on a volume shared with the trainers"
        raise Problem("not-found", detail, fix=fix) from error
