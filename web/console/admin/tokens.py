"""`/admin/tokens`: who may call the API; a secret is shown once and never again."""

from datetime import UTC, datetime, timedelta
from typing import Annotated, Any

from fastapi import APIRouter, Form, Path, Query
from pydantic import BaseModel, Field
from sqlalchemy import Engine
from starlette.requests import Request
from starlette.responses import HTMLResponse

from core.types import Role
from store.access import api_tokens
from store.engine import transaction
from web.access import SCOPES
from web.api.cursors import cursor_of_number, number_of
from web.api.tokens.routes import unknown_token
from web.api.tokens.schemas import NewToken
from web.console.account import ROLES
from web.console.admin.rooms import room_page
from web.console.labels.answers import actor
from web.console.labels.forms import shaped
from web.console.pages import Pages, Visit
from web.console.visits import visit_of

_MOST = 50

_Id = Annotated[int, Path(ge=1, le=(1 << 31) - 1)]
_Cursor = Annotated[str, Query(max_length=100)]
_Place = Annotated[str, Form(max_length=100)]
_Word = Annotated[str, Field(max_length=1_000)]


class _Given(BaseModel):
    """The form of a new token; sources stand with commas between."""

    name: _Word
    role: Role
    scopes: Annotated[list[_Word], Field(max_length=100)] = []
    sources: _Word = ""
    expires_days: _Word = ""
    cursor: Annotated[str, Field(max_length=100)] = ""


def token_pages(engine: Engine, pages: Pages, *, grace: timedelta) -> APIRouter:
    """The page, and the list, which every change answers with.

    Args:
        engine: of the database.
        pages: renders.
        grace: for which a rotated token's old secret goes on.
    """
    routes = APIRouter(include_in_schema=False)

    @routes.get("/admin/tokens")
    def page(request: Request, cursor: _Cursor = "") -> HTMLResponse:
        shown = _listed(engine, cursor) | {"given": None, "scopes": SCOPES, "grace": grace}
        return room_page(pages, visit_of(request), "admin/tokens.html", **shown)

    @routes.post("/admin/tokens")
    def create(request: Request, given: Annotated[_Given, Form()]) -> HTMLResponse:
        visit = visit_of(request)
        wanted = shaped(
            NewToken,
            name=given.name,
            role=given.role,
            scopes=given.scopes or None,
            sources=[each.strip() for each in given.sources.split(",") if each.strip()] or None,
            expires_days=given.expires_days.strip() or None,
        ).wanted()
        made = transaction(engine, lambda c: api_tokens.create(c, wanted, actor=actor(visit)))
        return _part(visit, given.cursor, made)

    @routes.post("/admin/tokens/{token_id}/rotate")
    def rotate(request: Request, token_id: _Id, cursor: _Place = "") -> HTMLResponse:
        visit = visit_of(request)
        made = transaction(
            engine, lambda c: api_tokens.rotate(c, token_id, grace=grace, actor=actor(visit))
        )
        if made is None:
            raise unknown_token(token_id)
        return _part(visit, cursor, made)

    @routes.post("/admin/tokens/{token_id}/revoke")
    def revoke(request: Request, token_id: _Id, cursor: _Place = "") -> HTMLResponse:
        visit = visit_of(request)
        if not transaction(engine, lambda c: api_tokens.revoke(c, token_id, actor=actor(visit))):
            raise unknown_token(token_id)
        return _part(visit, cursor, None)

    def _part(visit: Visit, cursor: str, made: api_tokens.NewToken | None) -> HTMLResponse:
        shown = _listed(engine, cursor) | {"given": made, "grace": grace}
        return pages.page(visit, "admin/_tokens.html", **shown)

    return routes


def _listed(engine: Engine, cursor: str) -> dict[str, Any]:
    after = number_of(cursor) if cursor else 0
    found = transaction(engine, lambda c: api_tokens.tokens(c, after=after, most=_MOST))
    next_ = cursor_of_number(found[-1].id) if len(found) == _MOST else None
    return {
        "tokens": found,
        "next": next_,
        "cursor": cursor,
        "roles": ROLES,
        "now": datetime.now(UTC),
    }
