"""The model pages: versions with what the gate said of them, one version, two side by side."""

from typing import Annotated, Any

from fastapi import APIRouter, Path, Query
from sqlalchemy import Connection, Engine
from starlette.requests import Request
from starlette.responses import HTMLResponse

from store.engine import one_moment, transaction
from store.models import model_versions, trials
from web.api.cursors import cursor_of_number, number_of
from web.api.models.artifacts import manifest_of
from web.api.models.changes import must_be_known
from web.api.models.schemas import VersionName, compared, record_of, trial_state
from web.console.labels.answers import may
from web.console.models.shown import STANDINGS, label_lines, list_line, pairs
from web.console.pages import Pages, Visit
from web.console.visits import visit_of

Version = Annotated[str, Path(pattern=r"^[0-9a-f]{12}$")]
Cursor = Annotated[str | None, Query(max_length=100)]
_PAGE = 50
_TRIALS = 10


def model_routes(engine: Engine, pages: Pages, *, canary_share: float) -> APIRouter:
    """`/models`; a trial form proposes `canary_share` of the tickets, in (0, 1)."""
    routes = APIRouter(include_in_schema=False)

    @routes.get("/models")
    def page(request: Request, cursor: Cursor = None) -> HTMLResponse:
        visit = visit_of(request)
        return transaction(engine, lambda c: _list_page(c, pages, visit, cursor))

    @routes.get("/models/compare")
    def compare(
        request: Request, a: Annotated[VersionName, Query()], b: Annotated[VersionName, Query()]
    ) -> HTMLResponse:
        def work(connection: Connection) -> HTMLResponse:
            found = compared(must_be_known(connection, a), must_be_known(connection, b))
            return pages.page(visit_of(request), "models/compare.html", found=found, **pairs(found))

        return transaction(engine, work)

    @routes.get("/models/{version}")
    def show(request: Request, version: Version) -> HTMLResponse:
        visit = visit_of(request)

        def read(connection: Connection) -> HTMLResponse:
            one_moment(connection)
            known = must_be_known(connection, version)
            tried = trials.of_version(connection, version, most=_TRIALS)
            open_ = trials.current(connection)
            active = model_versions.active(connection)
            record = record_of(known, tried, *manifest_of(known))
            return pages.page(
                visit,
                "models/version.html",
                model=record,
                open_trial=None if open_ is None else trial_state(open_),
                standings=STANDINGS,
                lines=label_lines(record),
                active=None if active is None else active.version,
                canary_percent=canary_share * 100,
                **_offers(visit),
            )

        return transaction(engine, read)

    return routes


def _offers(visit: Visit) -> dict[str, Any]:
    return {"may_edit": may(visit, "POST", "/models/{version}/activate")}


def _list_page(
    connection: Connection, pages: Pages, visit: Visit, cursor: str | None
) -> HTMLResponse:
    after = None if cursor is None else f"{number_of(cursor):012x}"
    found = model_versions.page(connection, after=after, most=_PAGE)
    open_ = trials.current(connection)
    return pages.page(
        visit,
        "models/list.html",
        lines=[list_line(known) for known in found],
        next=cursor_of_number(int(found[-1].version, 16)) if len(found) == _PAGE else None,
        standings=STANDINGS,
        serving=next((known for known in found if known.active), None),
        open_trial=None if open_ is None else trial_state(open_),
        **_offers(visit),
    )
