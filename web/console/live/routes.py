"""The live page: tickets as they are decided, kept fresh by polling the part that changes.

With filters, or page by page, it is a list in the order of arrival, which is what pages can follow
without a gap. What takes more than some rows to count comes in a part of its own, once a minute.
"""

import hashlib
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Annotated

from fastapi import APIRouter, Query
from sqlalchemy import Connection, Engine
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

from core.types import GroupBy, Role
from store.decided import records, ticket_pages
from store.decided.records import DecidedTicket
from store.engine import transaction
from store.figures import quality
from store.figures.quality import Asked
from store.models import model_versions
from store.queue.workers import workers
from store.rules import rulesets, taxonomy
from web.api.cursors import cursor_of
from web.console.live.board import (
    Board,
    Counts,
    count_decided,
    describe_workers,
    make_cards,
    make_tracks,
)
from web.console.live.filters import LiveFilters
from web.console.pages import Pages
from web.console.visits import visit_of

CARDS = 60
_SEES_FIGURES = frozenset({Role.AGENT, Role.OPS, Role.APPROVER, Role.ADMIN})
_DAY = timedelta(days=1)
_WEEK = timedelta(days=7)

_Wanted = Annotated[LiveFilters, Query()]


@dataclass(frozen=True, slots=True, kw_only=True)
class Choices:
    """What filters can name."""

    labels: tuple[str, ...] = ()
    departments: tuple[str, ...] = ()
    models: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class LastDay:
    """Tickets that arrived in the last 24 hours and are decided.

    Attributes:
        automatic: share of them that was placed without anybody's help, in [0, 1]; None of none.
        change: over the same hours a week ago, as a share of then; None of none.
    """

    decided: int
    automatic: float | None
    change: float | None


def live_routes(engine: Engine, pages: Pages) -> APIRouter:
    """`/`, `/board`, the part of it that changes, and `/live/day`, what changes slowly."""
    routes = APIRouter(include_in_schema=False)

    @routes.get("/")
    def page(request: Request, wanted: _Wanted) -> HTMLResponse:
        visit = visit_of(request)
        sees_figures = visit.person is not None and visit.person.role in _SEES_FIGURES
        board, choices = transaction(engine, lambda c: (read_board(c, wanted), _read_choices(c)))
        shown = {"board": board, "wanted": wanted, "choices": choices, "sees_figures": sees_figures}
        return pages.page(visit, "live/page.html", 200, **shown)

    @routes.get("/board")
    def board(request: Request, wanted: _Wanted) -> Response:
        found = transaction(engine, lambda c: read_board(c, wanted))
        html = pages.html(visit_of(request), "live/_board.html", board=found, wanted=wanted)
        return _unless_known(request, html)

    @routes.get("/live/day")
    def day(request: Request) -> HTMLResponse:
        found = transaction(engine, lambda c: _read_day(c, datetime.now(UTC)))
        return pages.page(visit_of(request), "live/_day.html", day=found)

    return routes


def read_board(connection: Connection, wanted: LiveFilters) -> Board:
    """Reads everything that changes.

    Raises:
        Invalid: the cursor is not one of ours.
    """
    departments = taxonomy.departments(connection)
    coloured = [department.name for department in departments if not department.is_default]
    tickets, older = _read_tickets(connection, wanted)
    cards = make_cards(tickets, coloured)
    return Board(
        counts=_read_counts(connection), tracks=make_tracks(cards), cards=cards, older=older
    )


def _read_tickets(
    connection: Connection, wanted: LiveFilters
) -> tuple[list[DecidedTicket], str | None]:
    """The newest decisions, or a page in the order of arrival and the cursor of the next."""
    if not wanted.is_by_arrival:
        return records.newest_decisions(connection, most=CARDS), None
    found = ticket_pages.page(connection, wanted.wanted, after=wanted.after, most=CARDS)
    decided = records.decisions_of(connection, [line.id for line in found.tickets])
    older = None if found.next_after is None else cursor_of(found.next_after)
    return sorted(decided, key=lambda ticket: ticket.id, reverse=True), older


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
        per_minute=records.pace(connection, now=datetime.now(UTC)).per_minute,
    )


def _read_choices(connection: Connection) -> Choices:
    return Choices(
        labels=tuple(label.name for label in taxonomy.labels(connection)),
        departments=tuple(each.name for each in taxonomy.departments(connection)),
        models=tuple(each.version for each in model_versions.known_versions(connection)),
    )


def _read_day(connection: Connection, now: datetime) -> LastDay:
    decided = quality.decisions_between(connection, now - _DAY, now)
    then = quality.decisions_between(connection, now - _WEEK - _DAY, now - _WEEK)
    asked = Asked(since=now - _DAY, until=now, wants_times=False)
    found = quality.figures(connection, asked, GroupBy.ALL).get("all")
    return LastDay(
        decided=decided,
        automatic=None if found is None else found.automatic_share,
        change=decided / then - 1 if then else None,
    )


def _unless_known(request: Request, html: str) -> Response:
    """The fragment, or 304 when the browser has this very one."""
    tag = f'"{hashlib.sha256(html.encode()).hexdigest()[:16]}"'
    headers = {"etag": tag, "cache-control": "no-cache"}
    if request.headers.get("if-none-match") == tag:
        return Response(status_code=304, headers=headers)
    return HTMLResponse(html, headers=headers)
