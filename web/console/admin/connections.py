"""`/admin/connections`: helpdesks that send tickets, and their mappings tried on a sample."""

from typing import Annotated, Any

import yaml
from fastapi import APIRouter, Form, Path
from sqlalchemy import Engine
from starlette.requests import Request
from starlette.responses import HTMLResponse

from core.errors import Invalid
from core.ticket_json import loads
from helpdesks.kinds import KINDS
from store.engine import transaction
from store.helpdesk import helpdesks
from store.helpdesk.helpdesks import Helpdesk
from web.api.connections.changes import Terms, change_connection, found, preview, shown
from web.api.connections.schemas import ConnectionChange, Name, Sample
from web.console.admin.rooms import room_page
from web.console.labels.answers import actor
from web.console.labels.forms import shaped
from web.console.pages import Pages, Visit
from web.console.trying.routes import refused
from web.console.visits import visit_of
from web.etags import etag_of
from web.problems import Problem

_Name = Annotated[Name, Path()]
_MAPPING_CHARS, _SAMPLE_CHARS = 40_000, 1_000_000
_Mapping = Annotated[str, Form(max_length=_MAPPING_CHARS)]
_Sample = Annotated[str, Form(max_length=_SAMPLE_CHARS)]
_Version = Annotated[int, Form(ge=1, le=(1 << 31) - 1)]


def connection_pages(engine: Engine, pages: Pages, terms: Terms) -> APIRouter:
    """The list, one connection with its mapping, and what comes of a try or a change."""
    routes = APIRouter(include_in_schema=False, prefix="/admin/connections")

    @routes.get("")
    def page(request: Request) -> HTMLResponse:
        stored = transaction(engine, helpdesks.connections)
        listed = [shown(each) for each in stored]
        return room_page(pages, visit_of(request), "admin/connections.html", connections=listed)

    @routes.get("/{name}")
    def one(request: Request, name: _Name) -> HTMLResponse:
        desk = transaction(engine, lambda c: found(c, name))
        return room_page(pages, visit_of(request), "admin/connection.html", **_told(desk))

    @routes.post("/{name}/preview")
    def try_(
        request: Request, name: _Name, mapping: _Mapping = "", sample: _Sample = ""
    ) -> HTMLResponse:
        visit, desk = visit_of(request), transaction(engine, lambda c: found(c, name))
        try:
            asked = shaped(Sample, sample=_payload(sample), mapping=_read(mapping))
            outcome = preview(desk.kind, asked.mapping or {}, asked.sample)
        except (Invalid, Problem) as error:
            return refused(pages, visit, error)
        return pages.page(visit, "admin/_preview.html", outcome=outcome)

    @routes.post("/{name}/mapping")
    def save(
        request: Request, name: _Name, version: _Version, mapping: _Mapping = ""
    ) -> HTMLResponse:
        visit = visit_of(request)
        try:
            return _saved(visit, name, version, mapping)
        except (Invalid, Problem) as error:
            return refused(pages, visit, error)

    def _saved(visit: Visit, name: str, version: int, mapping: str) -> HTMLResponse:
        change, tag = shaped(ConnectionChange, mapping=_read(mapping)), etag_of(version)
        desk = transaction(
            engine,
            lambda c: change_connection(c, name, change, actor(visit), terms, if_match=tag),
        )
        return pages.page(visit, "admin/_mapping_saved.html", version=desk.version)

    return routes


def _told(desk: Helpdesk) -> dict[str, Any]:
    own = dict(desk.mapping)
    return {
        "connection": shown(desk),
        "version": desk.version,
        "mapping": yaml.safe_dump(own, allow_unicode=True, sort_keys=False) if own else "",
        "common": KINDS[desk.kind].mapping,
    }


def _read(mapping: str) -> dict[str, Any]:
    """The expressions of a form: a field and its expression a line, as YAML.

    Raises:
        Invalid: it is something else.
    """
    fix = "write a line for each field, such as subject: case.topic"
    try:
        read = yaml.safe_load(mapping)
    except (yaml.YAMLError, RecursionError, ValueError) as error:
        raise Invalid("mapping", "is no YAML", fix) from error
    if not isinstance(read, dict | None):
        raise Invalid("mapping", "is no list of fields", fix)
    return read or {}


def _payload(sample: str) -> Any:
    try:
        return loads(sample)
    except Invalid as error:
        raise Invalid("sample", error.problem, "paste a delivery as it was sent") from error
