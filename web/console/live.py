"""The console: one page, rendered here, kept fresh by polling the part of it that changes."""

import hashlib
from importlib.resources import files

import structlog
from fastapi import APIRouter
from jinja2 import Environment, PackageLoader, select_autoescape
from sqlalchemy import Connection, Engine
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.staticfiles import StaticFiles

from core.errors import PointsmanError
from store import model_versions, records, rulesets, taxonomy
from store.engine import transaction
from store.workers import workers
from web.board import (
    Board,
    Counts,
    count_decided,
    describe_workers,
    make_cards,
    make_tracks,
)

CARDS = 60
_log = structlog.get_logger(__name__)


def static_files() -> StaticFiles:
    """Style sheet, script and pictures."""
    return StaticFiles(directory=str(files("web") / "static"))


def console_routes(engine: Engine) -> APIRouter:
    """`/` and `/board`, the part of it that changes."""
    routes = APIRouter(include_in_schema=False)
    pages = make_pages()

    @routes.get("/")
    def page() -> HTMLResponse:
        try:
            board, status = transaction(engine, read_board), 200
        except PointsmanError as error:
            _log.warning("board_unreadable", cause=str(error))
            board, status = None, 503
        return HTMLResponse(pages.get_template("page.html").render(board=board), status)

    @routes.get("/board")
    def board(request: Request) -> Response:
        found = transaction(engine, read_board)
        return _unless_known(request, pages.get_template("board.html").render(board=found))

    return routes


def make_pages() -> Environment:
    """The templates; everything put into them is escaped."""
    pages = Environment(
        loader=PackageLoader("web"),
        autoescape=select_autoescape(default=True),
        trim_blocks=True,
        lstrip_blocks=True,
    )
    pages.filters["duration"] = duration
    return pages


def duration(seconds: float) -> str:
    """A time span in the largest unit that fits: `42 s`, `7 min`, `3 h`, `5 d`."""
    for unit, length in (("d", 86_400), ("h", 3_600), ("min", 60)):
        if seconds >= length:
            return f"{int(seconds // length)} {unit}"
    return f"{int(seconds)} s"


def read_board(connection: Connection) -> Board:
    """Reads everything that the page shows."""
    departments = taxonomy.departments(connection)
    coloured = [department.name for department in departments if not department.is_default]
    cards = make_cards(records.newest_decisions(connection, most=CARDS), coloured)
    return Board(counts=_read_counts(connection), tracks=make_tracks(cards), cards=cards)


def _read_counts(connection: Connection) -> Counts:
    waiting = records.waiting(connection)
    seen = workers(connection)
    model = model_versions.active(connection)
    return Counts(
        waiting=waiting["accepted"] + waiting["claimed"],
        oldest_s=records.oldest_waiting_s(connection),
        quarantined=waiting["quarantined"],
        decided=count_decided(seen),
        workers=describe_workers(seen),
        model=None if model is None else model.version,
        ruleset=rulesets.active_version(connection),
    )


def _unless_known(request: Request, html: str) -> Response:
    """The fragment, or 304 when the browser has this very one."""
    tag = f'"{hashlib.sha256(html.encode()).hexdigest()[:16]}"'
    headers = {"etag": tag, "cache-control": "no-cache"}
    if request.headers.get("if-none-match") == tag:
        return Response(status_code=304, headers=headers)
    return HTMLResponse(html, headers=headers)
