"""The part of the labels page that tells of labels that are missing and labels that overlap."""

from collections.abc import Callable
from typing import Annotated, Any

from fastapi import APIRouter, Form
from sqlalchemy import Connection, Engine
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

from store.decided import records
from store.engine import transaction
from store.labels import label_reports
from web.api.label_reports.changes import accept, dismiss
from web.api.label_reports.routes import FindingKey, ask_for_look
from web.api.label_reports.schemas import GapAccepted
from web.console.labels.answers import actor, go_to, may
from web.console.labels.forms import shaped
from web.console.labels.shown import key_of
from web.console.pages import Pages
from web.console.visits import visit_of

_EXAMPLES = 3


def label_care_routes(engine: Engine, pages: Pages, ask: Callable[[], bool]) -> APIRouter:
    """The part, and what people do in it; `ask` has trainers look now."""
    routes = APIRouter(include_in_schema=False, prefix="/labels/care")

    def part(request: Request, *, asked: bool = False) -> HTMLResponse:
        visit = visit_of(request)
        shown = transaction(engine, _read)
        may_edit = may(visit, "POST", "/labels/care")
        return pages.page(visit, "labels/_care.html", may_edit=may_edit, asked=asked, **shown)

    @routes.get("")
    def show(request: Request) -> HTMLResponse:
        return part(request)

    @routes.post("")
    def look(request: Request) -> HTMLResponse:
        ask_for_look(engine, ask)
        return part(request, asked=True)

    @routes.post("/{key}/accept")
    def accept_(request: Request, key: FindingKey, name: Annotated[str, Form()]) -> Response:
        body = shaped(GapAccepted, label=name)
        done = accept(engine, key, body, by=actor(visit_of(request)))
        return go_to(f"/labels/changes/{done.request}" if done.request else "/labels")

    @routes.post("/{key}/dismiss")
    def dismiss_(request: Request, key: FindingKey) -> HTMLResponse:
        by = actor(visit_of(request))
        transaction(engine, lambda c: dismiss(c, key, by=by))
        return part(request)

    return routes


def _read(connection: Connection) -> dict[str, Any]:
    report = label_reports.newest(connection)
    if report is None:
        return {"report": None, "gaps": [], "overlaps": []}
    ids = [id_ for gap in report.gaps for id_ in gap["examples"][:_EXAMPLES]]
    tickets = {str(each.id): each for each in records.decisions_of(connection, ids)}
    gaps = [
        {**gap, "shown": [tickets[id_] for id_ in gap["examples"] if id_ in tickets]}
        for gap in report.gaps
    ]
    overlaps = [
        {**each, "labels": [(name, key_of(name)) for name in each["labels"]]}
        for each in report.overlaps
    ]
    return {"report": report, "gaps": gaps, "overlaps": overlaps}
