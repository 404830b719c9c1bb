"""`/v1/tickets`: tickets in, their records and lists out."""

from collections.abc import Callable
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends, Query
from sqlalchemy import Engine
from starlette.requests import Request
from starlette.responses import JSONResponse

from core import tracing
from core.redaction import Redactor
from core.text import clean_text
from core.ticket_json import TicketShape
from store.access.api_tokens import Caller
from store.decided.records import ticket_record
from store.decided.ticket_pages import TicketFilter, page
from store.engine import transaction
from web.access import caller
from web.api.cursors import cursor_of, id_of
from web.api.tickets.intake import read_submission, request_of, take
from web.api.tickets.schemas import (
    TICKET_EXAMPLE,
    AcceptedTicket,
    AcceptedTickets,
    TicketInList,
    TicketList,
    TicketRecord,
    WantedTickets,
)
from web.api.tickets.timeline import timeline
from web.backlog import Backlog
from web.idempotency import IdempotencyKey
from web.problems import Problem, documented
from web.rate_limits import RateLimits

_Source = Annotated[
    str | None,
    Query(
        min_length=1,
        max_length=200,
        description="Who sends them; with the ticket's id it is the natural key. The token's name "
        "if absent, or its first source if it is bound to some.",
    ),
]
_BODY = {
    "requestBody": {
        "required": True,
        "description": "One ticket, or up to 1,000.",
        "content": {
            "application/json": {
                "schema": {
                    "oneOf": [
                        TicketShape.model_json_schema(),
                        {
                            "type": "object",
                            "required": ["tickets"],
                            "additionalProperties": False,
                            "properties": {
                                "tickets": {
                                    "type": "array",
                                    "minItems": 1,
                                    "maxItems": 1000,
                                    "items": {"type": "object"},
                                }
                            },
                        },
                    ]
                },
                "examples": {
                    "one": {"value": TICKET_EXAMPLE},
                    "several": {"value": {"tickets": [TICKET_EXAMPLE]}},
                },
            }
        },
    }
}


async def _body(request: Request) -> bytes:
    return await request.body()


def ticket_routes(
    engine: Engine,
    announce: Callable[[tuple[UUID, ...]], None],
    limits: RateLimits,
    backlog: Backlog,
    redact: Redactor,
) -> APIRouter:
    """The three routes; `announce` tells workers of what was stored and returns at once."""
    routes = APIRouter(prefix="/v1/tickets", tags=["tickets"])

    @routes.post(
        "",
        status_code=202,
        response_model=AcceptedTicket | AcceptedTickets,
        responses=documented(
            "unauthenticated",
            "forbidden",
            "idempotency-key-reused",
            "too-large",
            "invalid",
            "too-many-requests",
            "queue-full",
            "unavailable",
        ),
        openapi_extra=_BODY,
        summary="Send tickets to be routed",
    )
    def send(
        sender: Annotated[Caller, Depends(caller)],
        body: Annotated[bytes, Depends(_body)],
        idempotency_key: IdempotencyKey = None,
        source: _Source = None,
    ) -> JSONResponse:
        """Answers once they are stored. Of several, each has its own outcome."""
        whose = _source(sender, source)
        backlog.admit()
        limits.tickets(sender, 1)
        submission = read_submission(body)
        limits.tickets(sender, len(submission.entries) - 1)
        request = idempotency_key and request_of(
            sender, key=idempotency_key, source=whose, body=body
        )
        with tracing.span("intake", tickets=len(submission.entries)):
            answered = transaction(
                engine,
                lambda c: take(c, submission, source=whose, request=request or None, redact=redact),
            )
            announce(answered.stored)
        headers = {"idempotency-replayed": "true"} if answered.replayed else None
        return JSONResponse(answered.body, 202, headers)

    @routes.get(
        "",
        response_model=TicketList,
        responses=documented("unauthenticated", "forbidden", "invalid", "unavailable"),
        summary="List tickets, newest first",
    )
    def list_(
        asker: Annotated[Caller, Depends(caller)],
        wanted: Annotated[WantedTickets, Query()],
    ) -> TicketList:
        """A page may be short, or empty, and still have a `next`: go on until that is null."""
        after = None if wanted.cursor is None else id_of(wanted.cursor)
        given = wanted.model_dump(exclude={"cursor", "limit"})
        fits = TicketFilter(**given, sources=asker.sources)
        found = transaction(engine, lambda c: page(c, fits, after=after, most=wanted.limit))
        return TicketList(
            tickets=[TicketInList.model_validate(line) for line in found.tickets],
            next=None if found.next_after is None else cursor_of(found.next_after),
        )

    @routes.get(
        "/{ticket_id}",
        response_model=TicketRecord,
        responses=documented("unauthenticated", "forbidden", "not-found", "invalid", "unavailable"),
        summary="Everything about one ticket",
    )
    def show(ticket_id: UUID) -> dict[str, Any]:
        """Contents, scores, labels, departments, reason, trace, versions, and what happened."""
        record = transaction(engine, lambda c: ticket_record(c, ticket_id))
        if record is None:
            raise Problem("not-found", f"There is no ticket {ticket_id}.")
        return {**record, "timeline": timeline(record)}

    return routes


def _source(sender: Caller, given: str | None) -> str:
    """Whose tickets are sent.

    Raises:
        Problem: those of a source that the token is not bound to.
    """
    if sender.sources is None:
        return clean_text(given or sender.name).text
    source = clean_text(given).text if given else sender.sources[0]
    if source not in sender.sources:
        fix = "leave `source` out, or use a token of that source"
        raise Problem("forbidden", "The token is bound to other sources.", fix=fix)
    return source
