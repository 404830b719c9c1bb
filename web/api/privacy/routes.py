"""`/v1/erasures`: a ticket or a customer erased everywhere, with a receipt."""

from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends, Query
from sqlalchemy import Connection, Engine
from starlette.responses import Response

from store.access.api_tokens import Caller
from store.engine import transaction
from store.erasure import erasures
from store.erasure.erasure_receipts import receipt, state_of
from store.erasure.erasures import Erasure, NothingToErase, OneCustomer, OneTicket, Subject
from web.access import caller
from web.api.cursors import cursor_of, id_of
from web.api.privacy.schemas import (
    RECEIPT_EXAMPLE,
    Customer,
    ErasureInList,
    ErasureList,
    ErasureReceipt,
    TicketById,
    TicketByKey,
    WantedErasures,
)
from web.problems import Problem, documented

_REFUSED = ("unauthenticated", "forbidden", "invalid", "unavailable")
_LATER = {
    "model": ErasureReceipt,
    "description": "Erased from the database; a trainer erases the files.",
    "content": {
        "application/json": {
            "example": {**RECEIPT_EXAMPLE, "state": "files_waiting", "files_erased_at": None}
        }
    },
}


def erasure_routes(engine: Engine) -> APIRouter:
    """The three routes."""
    routes = APIRouter(prefix="/v1/erasures", tags=["privacy"])

    @routes.post(
        "",
        response_model=ErasureReceipt,
        responses={202: _LATER, **documented(*_REFUSED, "not-found", "too-large")},
        summary="Erase a ticket, or every ticket of a customer",
    )
    def ask(
        body: TicketById | TicketByKey | Customer,
        by: Annotated[Caller, Depends(caller)],
        response: Response,
    ) -> dict[str, Any]:
        """What was erased already is answered with its first receipt."""
        try:
            done = erasures.erase(engine, subject_of(body), by=by.name)
        except NothingToErase as error:
            raise Problem("not-found", f"{error.field} {error.problem}.") from error
        response.status_code = 202 if done.files_done_at is None else 200
        return transaction(engine, lambda c: receipt(c, done))

    @routes.get(
        "", response_model=ErasureList, responses=documented(*_REFUSED), summary="List erasures"
    )
    def list_(wanted: Annotated[WantedErasures, Query()]) -> ErasureList:
        """Newest first."""
        after = None if wanted.cursor is None else id_of(wanted.cursor)
        found = transaction(engine, lambda c: erasures.page(c, after=after, most=wanted.limit))
        is_full = len(found) == wanted.limit
        return ErasureList(
            erasures=[_line(erasure) for erasure in found],
            next=cursor_of(found[-1].id) if is_full else None,
        )

    @routes.get(
        "/{erasure_id}",
        response_model=ErasureReceipt,
        responses=documented(*_REFUSED, "not-found"),
        summary="The receipt of an erasure",
    )
    def show(erasure_id: UUID) -> dict[str, Any]:
        """With the models that learned from it, as far as is known today."""

        def read(connection: Connection) -> dict[str, Any] | None:
            found = erasures.find(connection, erasure_id)
            return None if found is None else receipt(connection, found)

        told = transaction(engine, read)
        if told is None:
            raise Problem("not-found", f"There is no erasure {erasure_id}.")
        return told

    return routes


def subject_of(body: TicketById | TicketByKey | Customer) -> Subject:
    """What a request wants erased."""
    if isinstance(body, TicketById):
        return body.ticket_id
    if isinstance(body, TicketByKey):
        return OneTicket(source=body.source, external_id=body.external_id)
    return OneCustomer(customer=body.customer)


def _line(erasure: Erasure) -> ErasureInList:
    return ErasureInList(
        id=erasure.id,
        scope=erasure.scope,
        state=state_of(erasure),
        requested_by=erasure.requested_by,
        requested_at=erasure.requested_at,
        tickets=erasure.tickets,
    )
