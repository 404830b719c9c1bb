"""`/rules/backtest`: what rules and levels would have changed in a period that is past."""

from typing import Annotated, Any

from fastapi import APIRouter, Form
from sqlalchemy import Connection, Engine
from starlette.requests import Request
from starlette.responses import HTMLResponse

from core.errors import Invalid
from store.engine import transaction
from store.rules import rulesets, taxonomy
from web.api.rules.schemas import TryHistory
from web.api.rules.trial import tried_history
from web.console.backtest.flow import flow
from web.console.backtest.shown import load_lines, move_lines
from web.console.labels.forms import shaped
from web.console.labels.shown import LEVELS
from web.console.pages import Pages, Visit
from web.console.trying.forms import Draft, HistoryForm, as_text, drafted, levels_of, moment_of
from web.console.trying.routes import refused
from web.console.visits import visit_of
from web.problems import Problem

_WHOLE_PAGE = {"hx-push-url": "/rules/backtest"}


def backtest_routes(engine: Engine, pages: Pages, *, most: int) -> APIRouter:
    """The page, with a draft or without, and what comes of it; about `most` decisions are tried."""
    routes = APIRouter(include_in_schema=False, prefix="/rules/backtest")

    def shown(visit: Visit, draft: str) -> HTMLResponse:
        found = transaction(engine, _choices)
        return pages.page(visit, "backtest/page.html", draft=draft, most=most, **found)

    @routes.get("")
    def page(request: Request) -> HTMLResponse:
        return shown(visit_of(request), "")

    @routes.post("")
    def with_draft(request: Request, draft: Draft) -> HTMLResponse:
        answer = shown(visit_of(request), as_text(draft))
        answer.headers.update(_WHOLE_PAGE)
        return answer

    @routes.post("/outcome")
    def outcome(request: Request, form: Annotated[HistoryForm, Form()]) -> HTMLResponse:
        visit = visit_of(request)
        try:
            found = tried_history(engine, _asked(form), most=most)
        except (Invalid, Problem) as error:
            return refused(pages, visit, error)
        return pages.page(
            visit,
            "backtest/_outcome.html",
            found=found,
            moves=move_lines(found),
            loads=load_lines(found),
            flow=flow([(move.before, move.after, move.tickets) for move in found.moves]),
            days=form.days,
        )

    return routes


def _choices(connection: Connection) -> dict[str, Any]:
    return {
        "version": rulesets.active_version(connection),
        "labels": [label.name for label in taxonomy.labels(connection)],
        "levels": LEVELS,
    }


def _asked(form: HistoryForm) -> TryHistory:
    """What the API would be asked.

    Raises:
        Invalid: a field is wrong.
    """
    return shaped(
        TryHistory,
        ruleset=drafted(form.draft),
        levels=levels_of(form),
        days=form.days,
        until=moment_of(form.until, "until"),
    )
