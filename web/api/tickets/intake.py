"""Tickets from a request's body into the database: each with its own outcome, once per key."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import Connection

from core.errors import Invalid
from core.redaction import Redactor
from core.ticket_json import loads, parse_ticket
from core.types import Ticket
from store.access.api_tokens import Caller
from store.access.idempotency import Request
from store.queue.tickets import Accepted, Outcome, accept
from web.idempotency import once
from web.problems import problem_object

MAX_TICKETS = 1_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Submission:
    """What a body holds: entries in its order, each a ticket or what is wrong with it.

    `alone` tells a single ticket from a list of one, which are answered differently.
    """

    entries: tuple[Ticket | Invalid, ...]
    alone: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Answered:
    """What a submission is answered.

    Attributes:
        body: JSON-ready.
        stored: tickets that are in the database once the transaction commits, to be announced.
        replayed: whether it is the answer that was kept.
    """

    body: dict[str, Any]
    stored: tuple[UUID, ...]
    replayed: bool = False


def read_submission(body: bytes) -> Submission:
    """Reads one ticket or `{"tickets": [...]}`.

    Raises:
        Invalid: the body is neither; or it is one ticket, and that is wrong.
    """
    raw = _decoded(body)
    if not isinstance(raw, dict) or "tickets" not in raw:
        return Submission(entries=(parse_ticket(raw),), alone=True)
    for name in raw.keys() - {"tickets"}:
        raise Invalid(name[:200], "is not a known field", "send `tickets` alone")
    listed = raw["tickets"]
    if not isinstance(listed, list) or not 1 <= len(listed) <= MAX_TICKETS:
        problem, fix = "is not a list of 1 to 1,000", f"send at most {MAX_TICKETS} at once"
        raise Invalid("tickets", problem, fix)
    return Submission(entries=tuple(map(_entry, listed)), alone=False)


def request_of(sender: Caller, *, key: str, source: str, body: bytes) -> Request:
    """A request under its key: the same for the same source and the same bytes."""
    said = hashlib.sha256(source.encode() + b"\0" + body)
    return Request(
        token_id=sender.token_id, person_id=sender.person_id, key=key, hash=said.digest()
    )


def take(
    connection: Connection,
    submission: Submission,
    *,
    source: str,
    request: Request | None,
    redact: Redactor,
) -> Answered:
    """Stores what is right of a submission, or gives the answer kept for its key.

    Raises:
        Problem: the key was used for another request.
        Transient: the same request has been under way for longer than a lock is waited for.
    """
    right = [entry for entry in submission.entries if isinstance(entry, Ticket)]
    stored: list[Accepted] = []

    def work() -> dict[str, Any]:
        stored.extend(accept(connection, right, source=source, redact=redact))
        return _body(submission, stored)

    body, replayed = once(connection, request, work)
    waiting = (entry.id for entry in stored if entry.outcome is not Outcome.ERASED)
    ids = tuple(dict.fromkeys(waiting))
    return Answered(body=body, stored=ids, replayed=replayed)


def _decoded(body: bytes) -> Any:
    try:
        return loads(body)
    except Invalid as error:
        fix = 'send one ticket, or {"tickets": [...]}, as JSON in UTF-8'
        raise Invalid("body", error.problem, fix) from error


def _entry(raw: object) -> Ticket | Invalid:
    try:
        return parse_ticket(raw)
    except Invalid as error:
        return error


def _body(submission: Submission, stored: Sequence[Accepted]) -> dict[str, Any]:
    in_order = iter(stored)
    outcomes = [
        _refused(entry) if isinstance(entry, Invalid) else _accepted(next(in_order))
        for entry in submission.entries
    ]
    if submission.alone:
        return outcomes[0]
    return {
        "accepted": len(stored),
        "refused": len(outcomes) - len(stored),
        "tickets": outcomes,
    }


def _accepted(entry: Accepted) -> dict[str, Any]:
    return {
        "outcome": entry.outcome,
        "id": str(entry.id),
        "external_id": entry.external_id,
        "revision": entry.revision,
    }


def _refused(error: Invalid) -> dict[str, Any]:
    detail = f"{error.field} {error.problem}"
    problem = problem_object("invalid", detail=detail, field=error.field, fix=error.fix)
    return {"outcome": "refused", "problem": problem}
