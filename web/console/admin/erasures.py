"""`/admin/erasures`: a ticket or a customer erased for good, after a look at how much that is."""

from typing import Annotated, Any, Literal
from uuid import UUID

from fastapi import APIRouter, Form, Query
from pydantic import BaseModel, Field
from sqlalchemy import Connection, Engine
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

from core.errors import Invalid
from store.engine import transaction
from store.erasure import erasures
from store.erasure.erasure_receipts import receipt, state_of
from store.erasure.erasures import NothingToErase, Subject
from web.api.cursors import cursor_of, id_of
from web.api.privacy.routes import subject_of
from web.api.privacy.schemas import Customer, TicketById, TicketByKey
from web.console.admin.rooms import room_page
from web.console.labels.answers import actor, go_to, may
from web.console.labels.forms import shaped
from web.console.pages import Pages
from web.console.visits import visit_of
from web.console.words import N_
from web.problems import Problem

STATES = {
    "under_way": (N_("Was stopped"), "warn"),
    "files_waiting": (N_("Files wait for a trainer"), "warn"),
    "erased": (N_("Erased"), "good"),
}
SCOPES = {"ticket": N_("A ticket"), "customer": N_("A customer")}
_MOST = 50
_LIST = "/admin/erasures"

_Word = Annotated[str, Field(max_length=400)]


class EraseForm(BaseModel):
    """What to erase; `typed` is it once more, by hand, because there is no way back."""

    kind: Literal["id", "key", "customer"]
    ticket: _Word = ""
    source: _Word = ""
    external_id: _Word = ""
    customer: _Word = ""
    typed: _Word = ""

    @property
    def word(self) -> str:
        """What must be typed: what names the subject."""
        named = {"id": self.ticket, "key": self.external_id, "customer": self.customer}
        return named[self.kind].strip()

    def subject(self) -> Subject:
        """As the store knows it.

        Raises:
            Invalid: names the field that is wrong.
        """
        if self.kind == "id":
            return subject_of(shaped(TicketById, ticket_id=self.word))
        if self.kind == "customer":
            return subject_of(shaped(Customer, customer=self.word))
        return subject_of(shaped(TicketByKey, source=self.source.strip(), external_id=self.word))


def erasure_pages(engine: Engine, pages: Pages) -> APIRouter:
    """The list with its form, the look before, the erasing, and a receipt."""
    routes = APIRouter(include_in_schema=False)

    @routes.get("/admin/erasures")
    def page(request: Request, cursor: Annotated[str, Query(max_length=100)] = "") -> HTMLResponse:
        visit = visit_of(request)
        after = id_of(cursor) if cursor else None
        found = transaction(engine, lambda c: erasures.page(c, after=after, most=_MOST))
        return room_page(
            pages,
            visit,
            "admin/erasures.html",
            lines=[(each, STATES[state_of(each)]) for each in found],
            scopes=SCOPES,
            next=cursor_of(found[-1].id) if len(found) == _MOST else None,
            may_erase=may(visit, "POST", _LIST),
        )

    @routes.post("/admin/erasures/look")
    def look(request: Request, form: Annotated[EraseForm, Form()]) -> HTMLResponse:
        subject = form.subject()
        count = transaction(engine, lambda c: erasures.left_to_erase(c, subject))
        return pages.page(visit_of(request), "admin/_erase.html", form=form, count=count)

    @routes.post("/admin/erasures")
    def erase(request: Request, form: Annotated[EraseForm, Form()]) -> Response:
        subject = form.subject()
        if form.typed.strip() != form.word:
            fix = "type it as it stands above"
            raise Invalid("confirmation", "is not what is to be erased", fix)
        try:
            done = erasures.erase(engine, subject, by=actor(visit_of(request)))
        except NothingToErase as error:
            raise Problem("not-found", f"{error.field} {error.problem}.", fix=error.fix) from error
        return go_to(f"{_LIST}/{done.id}")

    @routes.get("/admin/erasures/{erasure_id}")
    def one(request: Request, erasure_id: UUID) -> HTMLResponse:
        told = transaction(engine, lambda c: _receipt(c, erasure_id))
        held = [(each["snapshot"], each["rows"]) for each in told["files"].get("snapshots", [])]
        shown = {"receipt": told, "held": held, "states": STATES, "scopes": SCOPES}
        return room_page(pages, visit_of(request), "admin/erasure.html", **shown)

    return routes


def _receipt(connection: Connection, id_: UUID) -> dict[str, Any]:
    found = erasures.find(connection, id_)
    if found is None:
        raise Problem("not-found", f"There is no erasure {id_}.")
    times = {"requested": found.requested_at, "rows": found.rows_done_at}
    return receipt(connection, found) | {"at": times | {"files": found.files_done_at}}
