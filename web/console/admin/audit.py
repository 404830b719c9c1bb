"""`/admin/audit`: who changed what, filtered and page by page, and whether the chain is sound."""

import json
from collections.abc import Mapping
from datetime import UTC, date, datetime, time, timedelta
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Query
from pydantic import BaseModel, Field
from sqlalchemy import Engine
from starlette.requests import Request
from starlette.responses import HTMLResponse

from store.access import audit
from store.engine import transaction
from web.api.control.audit import whole_log
from web.api.cursors import cursor_of_number, number_of
from web.console.admin.rooms import room_page
from web.console.pages import Pages
from web.console.visits import visit_of
from web.console.words import N_

AREAS: Mapping[str, str] = {
    "rules": N_("Rules"),
    "label": N_("Labels"),
    "department": N_("Departments"),
    "model": N_("Models"),
    "trial": N_("Trials"),
    "retrain": N_("Training"),
    "feedback": N_("Feedback"),
    "ticket": N_("Tickets"),
    "tickets": N_("Erasures"),
    "proposal": N_("Proposals"),
    "suggestion": N_("Suggestions"),
    "person": N_("People"),
    "token": N_("Tokens"),
    "webhook": N_("Webhooks"),
}
"""What stands before the dot of an action."""
_MOST = 50
_DAY = timedelta(days=1)

_Word = Annotated[str, Field(max_length=200, pattern=r"^[^\x00]*$")]

_Day = Annotated[date, Field(ge=date(1970, 1, 1), le=date(9999, 1, 1))] | Literal[""]


class AuditWanted(BaseModel):
    """The filter as the form sends it, empty where it does not matter; days are of UTC."""

    actor: _Word = ""
    area: _Word = ""
    subject: _Word = ""
    since: _Day = ""
    until: _Day = ""
    cursor: Annotated[str, Field(max_length=100)] = ""

    def fits(self) -> audit.AuditFilter:
        """As the store wants it; the last day is whole."""
        return audit.AuditFilter(
            actor=self.actor.strip() or None,
            area=self.area.strip() or None,
            subject=self.subject.strip() or None,
            since=_begin(self.since) if self.since else None,
            until=_begin(self.until) + _DAY if self.until else None,
        )

    @property
    def query(self) -> dict[str, str]:
        """The filter for an address, without the place in the list."""
        return {
            name: str(value)
            for name, value in self.model_dump(exclude={"cursor"}).items()
            if value != ""
        }


def audit_pages(engine: Engine, pages: Pages) -> APIRouter:
    """The page, and what a look along the chain found."""
    routes = APIRouter(include_in_schema=False)

    @routes.get("/admin/audit")
    def page(request: Request, wanted: Annotated[AuditWanted, Query()]) -> HTMLResponse:
        before = number_of(wanted.cursor) if wanted.cursor else None
        fits = wanted.fits()
        found = transaction(engine, lambda c: audit.page(c, fits, before=before, most=_MOST))
        next_ = cursor_of_number(found[-1].id) if len(found) == _MOST else None
        shown = {"entries": found, "next": next_, "wanted": wanted, "areas": AREAS, "pairs": pairs}
        return room_page(pages, visit_of(request), "admin/audit.html", **shown)

    @routes.get("/admin/audit/check")
    def check(request: Request) -> HTMLResponse:
        found = audit.check(whole_log(engine))
        return pages.page(visit_of(request), "admin/_check.html", check=found)

    return routes


def pairs(detail: Mapping[str, Any]) -> list[tuple[str, str]]:
    """An entry's detail, a line for each member."""
    return [(name, _said(value)) for name, value in detail.items() if value not in (None, "")]


def _said(value: object) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _begin(day: date) -> datetime:
    return datetime.combine(day, time.min, UTC)
