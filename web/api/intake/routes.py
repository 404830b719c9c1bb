"""`/v1/intake/{helpdesk}`: deliveries of helpdesks, known by their signature and nothing else."""

import base64
import hashlib
import secrets
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Annotated, Any
from uuid import UUID

import structlog
from fastapi import APIRouter, Depends, Path
from sqlalchemy import Connection, Engine
from starlette.requests import Request
from starlette.responses import JSONResponse

from core.redaction import Redactor
from core.sealing import Box
from core.text import clean_text
from core.types import HelpdeskKind
from helpdesks import zendesk
from helpdesks.kinds import KINDS, kind_of, mapping_of
from helpdesks.mapping import decoded
from helpdesks.seen import Seen, Signed, Told, Unverified
from helpdesks.taking import Taken, take
from store.engine import transaction
from store.helpdesk import helpdesk_tickets, helpdesks
from store.helpdesk.helpdesks import Helpdesk
from web.api.intake.schemas import DeliveryTaken
from web.backlog import Backlog
from web.callers import address_of
from web.problems import Problem, documented
from web.rate_limits import RateLimits

_log = structlog.get_logger(__name__)
_Name = Annotated[str, Path(min_length=1, max_length=64, examples=["zendesk"])]
_UNSIGNED = "The delivery is not signed by a connection of this name."
_FIX = (
    "look at name and secret in `pointsman connections list`, and at both clocks; our log says more"
)
_BODY: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "description": "As the helpdesk sends it, signed.",
        "content": {"application/json": {"schema": {"type": "object"}}},
    }
}


@dataclass(frozen=True, slots=True, kw_only=True)
class IntakeParts:
    """What the door needs.

    Attributes:
        box: opens secrets.
        redact: takes out what must not be stored.
        announce: tells workers of stored tickets, and returns at once.
        most_bytes: of a delivery.
        tolerance_s: how far the moment of its signature may be from now.
        is_production: whether secrets that everybody knows are refused.
        backlog: refuses tickets of senders that come back with them.
        limits: of what nobody vouches for.
    """

    engine: Engine
    box: Box
    redact: Redactor
    announce: Callable[[tuple[UUID, ...]], None]
    most_bytes: int
    tolerance_s: float
    is_production: bool
    backlog: Backlog
    limits: RateLimits


def intake_routes(parts: IntakeParts) -> APIRouter:
    """The door; a slash at its end is no redirect, which helpdesks would follow as GET."""
    routes = APIRouter(prefix="/v1/intake", tags=["helpdesks"])

    async def bounded(request: Request) -> bytes:
        body = bytearray()
        async for part in request.stream():
            body += part
            if len(body) > parts.most_bytes:
                detail = f"The delivery is larger than {parts.most_bytes} bytes."
                headers = {"connection": "close"}
                raise Problem("too-large", detail, headers=headers, fix="send less with it")
        return bytes(body)

    def deliver(
        request: Request,
        desk: Annotated[Helpdesk, Depends(_connection(parts))],
        body: Annotated[bytes, Depends(bounded)],
    ) -> JSONResponse:
        """Answers once it is stored; whether it becomes a ticket, feedback or nothing."""
        signed = Signed(
            headers=dict(request.headers),
            body=body,
            now=datetime.now(UTC),
            tolerance_s=parts.tolerance_s,
        )
        try:
            _verify(parts, desk, signed)
        except Unverified as error:
            _log.warning("delivery_refused", connection=desk.name, reason=str(error))
            parts.limits.stranger(address_of(request), desk.name)
            raise Problem("unauthenticated", _UNSIGNED, fix=_FIX) from error
        kind = KINDS[desk.kind]
        told = kind.parse(
            decoded(body), signed.headers, mapping_of(desk.kind, desk.mapping), signed.now
        )
        if kind.comes_back and isinstance(told, Seen):
            parts.backlog.admit()
        answer, fresh = transaction(parts.engine, lambda c: _once(c, desk, told, parts.redact))
        parts.announce(fresh)
        return JSONResponse(answer, 202)

    documented_as: dict[str, Any] = {
        "status_code": 202,
        "response_model": DeliveryTaken,
        "responses": documented(
            *("unauthenticated", "too-large", "invalid"),
            *("too-many-requests", "queue-full", "unavailable"),
        ),
        "openapi_extra": _BODY,
        "summary": "Take what a helpdesk sends",
    }
    routes.post("/{helpdesk}", **documented_as)(deliver)
    routes.post("/{helpdesk}/", include_in_schema=False)(deliver)
    return routes


def _connection(parts: IntakeParts) -> Callable[[Request, _Name], Helpdesk]:
    decoys = {kind: _decoy(kind, parts.box) for kind in KINDS}

    def known(request: Request, helpdesk: _Name) -> Helpdesk:
        """The connection of the path, before a body is read; nothing that it signed counts.

        A name that nobody has is treated like a wrong secret, in words and in work, so that names
        cannot be guessed.
        """
        found = transaction(parts.engine, lambda c: helpdesks.find(c, clean_text(helpdesk).text))
        desk = found if found and found.active else decoys[kind_of(request.headers)]
        parts.limits.stranger(address_of(request), desk.name, count=0)
        return desk

    return known


def _decoy(kind: HelpdeskKind, box: Box) -> Helpdesk:
    """A connection in the place of one that is not there; nobody knows its secret."""
    secret = f"whsec_{base64.b64encode(secrets.token_bytes(24)).decode()}"
    return Helpdesk(
        name="",
        kind=kind,
        secrets=(box.seal(secret),),
        mapping={},
        teams={},
        version=0,
        polled_to=None,
        created_by="",
        created_at=datetime.now(UTC),
    )


def _verify(parts: IntakeParts, desk: Helpdesk, signed: Signed) -> None:
    """Lets a delivery pass that its connection signed.

    Raises:
        Unverified: it is not genuine.
    """
    opened = tuple(parts.box.open(kept) for kept in desk.secrets)
    known = (zendesk.TEST_SECRET,) if parts.is_production else ()
    KINDS[desk.kind].verify(signed, tuple(each for each in opened if each not in known))


def _once(
    connection: Connection, desk: Helpdesk, told: Told, redact: Redactor
) -> tuple[dict[str, Any], tuple[UUID, ...]]:
    """What a delivery is answered, the same again each time, and the tickets to announce."""
    if told.delivery_id is None:
        taken = take(connection, desk, told, redact)
        return _answer(taken), _new(taken)
    id_ = hashlib.sha256(told.delivery_id.encode("utf-8", "replace")).hexdigest()
    if (kept := helpdesk_tickets.answered(connection, desk.name, id_)) is not None:
        return kept, ()
    taken = take(connection, desk, told, redact)
    helpdesk_tickets.keep_answer(connection, desk.name, id_, _answer(taken))
    return _answer(taken), _new(taken)


def _answer(taken: Taken) -> dict[str, Any]:
    id_ = None if taken.id is None else str(taken.id)
    return {"outcome": taken.outcome, "id": id_, "reason": taken.reason}


def _new(taken: Taken) -> tuple[UUID, ...]:
    return (taken.id,) if taken.is_new and taken.id is not None else ()
