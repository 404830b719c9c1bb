"""What people do on the page of a ticket: say what is right, take it back, have it tried anew."""

from collections.abc import Callable
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Form
from sqlalchemy import Connection, Engine
from starlette.requests import Request
from starlette.responses import Response

from store.access.api_tokens import Caller
from store.engine import transaction
from web.access import caller
from web.console.pages import Pages
from web.console.ticket import changes
from web.console.ticket.changes import Correction, Stale
from web.console.ticket.view import show_ticket

_Sender = Annotated[Caller, Depends(caller)]


def ticket_change_routes(
    engine: Engine,
    pages: Pages,
    announce: Callable[[tuple[UUID, ...]], None],
    *,
    service_users: frozenset[str],
) -> APIRouter:
    """The three doors.

    Args:
        engine: of the database.
        pages: renders.
        announce: tells workers of tickets that wait.
        service_users: whose words are our own and do not count.
    """
    routes = APIRouter(include_in_schema=False, prefix="/tickets/{ticket_id}")

    @routes.post("/feedback")
    def correct(
        request: Request, sender: _Sender, ticket_id: UUID, wanted: Annotated[Correction, Form()]
    ) -> Response:
        def work(connection: Connection) -> None:
            changes.correct(connection, ticket_id, wanted, by=sender.name, ignored=service_users)

        try:
            transaction(engine, work)
        except Stale:
            return show_ticket(engine, pages, request, ticket_id, draft=wanted)
        return _anew(ticket_id)

    @routes.post("/feedback/{feedback_id}/take-back")
    def take_back(sender: _Sender, ticket_id: UUID, feedback_id: UUID) -> Response:
        def work(connection: Connection) -> None:
            changes.take_back(connection, ticket_id, feedback_id, by=sender.name)

        transaction(engine, work)
        return _anew(ticket_id)

    @routes.post("/try-again")
    def try_again(sender: _Sender, ticket_id: UUID) -> Response:
        transaction(engine, lambda c: changes.try_again(c, ticket_id, by=sender.name))
        announce((ticket_id,))
        return _anew(ticket_id)

    return routes


def _anew(ticket_id: UUID) -> Response:
    """Has the browser load the page again, as it stands now."""
    return Response(status_code=204, headers={"hx-redirect": f"/tickets/{ticket_id}"})
