"""`/v1/tickets/{id}/feedback`: what people say of decisions, what stands of it, and undoing it."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends
from sqlalchemy import Connection, Engine
from starlette.responses import Response

from core.errors import Invalid
from core.types import Role
from router.feedback import Said, take_feedback
from store.access.api_tokens import Caller
from store.engine import transaction
from store.feedback.corrections import KeyReused, NoTicket, NotStanding, withdraw
from store.feedback.feedback_history import history
from web.access import caller
from web.api.feedback.schemas import FeedbackHistory, FeedbackIn, FeedbackTaken
from web.idempotency import IdempotencyKey, once, request_under
from web.problems import Problem, documented

_SPEAKS_FOR_OTHERS = frozenset({Role.HELPDESK, Role.ADMIN})


def feedback_routes(engine: Engine, *, service_users: frozenset[str]) -> APIRouter:
    """The three doors; what `service_users` say is our own writing and does not count."""
    routes = APIRouter(prefix="/v1/tickets/{ticket_id}/feedback", tags=["feedback"])

    @routes.post(
        "",
        response_model=FeedbackTaken,
        responses=documented(
            "unauthenticated",
            "forbidden",
            "not-found",
            "conflict",
            "idempotency-key-reused",
            "too-large",
            "invalid",
            "unavailable",
        ),
        summary="Say whether a decision was right, or what would have been",
    )
    def give(
        sender: Annotated[Caller, Depends(caller)],
        ticket_id: UUID,
        body: FeedbackIn,
        response: Response,
        idempotency_key: IdempotencyKey = None,
    ) -> dict[str, Any]:
        """Of all that was said the last stands, in whatever order it arrives."""
        said = _said(sender, body)
        request = request_under(
            idempotency_key, sender, "feedback", str(ticket_id), body.model_dump_json()
        )

        def take(connection: Connection) -> dict[str, Any]:
            with _told():
                taken = take_feedback(connection, ticket_id, said, ignored=service_users)
            return FeedbackTaken.model_validate(taken).model_dump(mode="json")

        answer, replayed = transaction(engine, lambda c: once(c, request, lambda: take(c)))
        if replayed:
            response.headers["idempotency-replayed"] = "true"
        return answer

    @routes.get(
        "",
        response_model=FeedbackHistory,
        responses=documented("unauthenticated", "forbidden", "not-found", "invalid", "unavailable"),
        summary="What was said of a ticket, and what stands",
    )
    def list_(ticket_id: UUID) -> FeedbackHistory:
        """Last said first, at most 1,000 entries; what was taken back is among them."""
        return transaction(engine, lambda c: _history(c, ticket_id))

    @routes.delete(
        "/{feedback_id}",
        response_model=FeedbackHistory,
        responses=documented(
            "unauthenticated", "forbidden", "not-found", "conflict", "invalid", "unavailable"
        ),
        summary="Take back what was said",
    )
    def take_back(
        sender: Annotated[Caller, Depends(caller)], ticket_id: UUID, feedback_id: UUID
    ) -> FeedbackHistory:
        """What it superseded stands again; the entry stays in the history."""
        return transaction(engine, lambda c: _taken_back(c, ticket_id, feedback_id, by=sender.name))

    return routes


def _said(sender: Caller, body: FeedbackIn) -> Said:
    if body.agent not in (None, sender.name) and sender.role not in _SPEAKS_FOR_OTHERS:
        raise Invalid("agent", "is somebody else", "leave it out, or use a helpdesk's token")
    key = None if body.external_id is None else f"{sender.name}/{body.external_id}"
    return Said(
        agent=body.agent or sender.name,
        outcome=body.judged,
        kind=body.meant,
        labels=body.labels,
        department=body.department,
        revision=body.revision,
        note=body.note,
        final=body.final,
        given_at=body.given_at,
        key=key,
    )


@contextmanager
def _told() -> Iterator[None]:
    """Tells what is not there, and what has happened already, from what is wrong."""
    try:
        yield
    except NoTicket as error:
        raise Problem("not-found", "There is no such ticket.") from error
    except (KeyReused, NotStanding) as error:
        raise Problem("conflict", f"{error.field} {error.problem}") from error


def _taken_back(
    connection: Connection, ticket_id: UUID, feedback_id: UUID, *, by: str
) -> FeedbackHistory:
    before = _history(connection, ticket_id)
    if feedback_id not in {entry.id for entry in before.feedback}:
        raise Problem("not-found", f"{feedback_id} was not said of this ticket.")
    with _told():
        withdraw(connection, feedback_id, agent=by)
    return _history(connection, ticket_id)


def _history(connection: Connection, ticket_id: UUID) -> FeedbackHistory:
    found = history(connection, ticket_id)
    if found is None:
        raise Problem("not-found", f"There is no ticket {ticket_id}.")
    return FeedbackHistory.model_validate({"feedback": found}, from_attributes=True)
