"""Problems as callers see them: RFC 9457 objects whose `type` never changes its meaning.

Here stands every type with its status and title, the one table of HTTP codes. A type is a
relative reference; docs/api.md says under the same name what to do.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import structlog
from starlette.exceptions import HTTPException
from starlette.responses import JSONResponse

MEDIA_TYPE = "application/problem+json"


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """A type of problem: its HTTP status, what it is, what to do about it."""

    status: int
    title: str
    fix: str


KINDS: Mapping[str, Kind] = {
    "malformed": Kind(
        status=400, title="This is not a request of HTTP", fix="look at what is sent"
    ),
    "unauthenticated": Kind(
        status=401,
        title="Nobody knows this caller",
        fix="send a living token as `Authorization: Bearer …`",
    ),
    "forbidden": Kind(
        status=403, title="The token's role may not do this", fix="use a token of a role that may"
    ),
    "not-found": Kind(status=404, title="There is no such thing", fix="look at the path"),
    "method-not-allowed": Kind(
        status=405, title="This path has no such method", fix="see `Allow` for those that it has"
    ),
    "idempotency-key-reused": Kind(
        status=409,
        title="The key was used for another request",
        fix="take a new key for each request, and the old one only to send the same again",
    ),
    "conflict": Kind(
        status=409, title="This cannot be done in the state that it is in", fix="look at it again"
    ),
    "changed-meanwhile": Kind(
        status=412,
        title="Somebody else saved first",
        fix="look at `current`, make your change on it, and send its `ETag` as `If-Match`",
    ),
    "too-large": Kind(status=413, title="The body is too large", fix="send fewer tickets at once"),
    "compressed": Kind(
        status=415, title="The body is compressed", fix="send it without Content-Encoding"
    ),
    "invalid": Kind(
        status=422, title="The request cannot be understood", fix="see the API's description"
    ),
    "match-needed": Kind(
        status=428,
        title="A change must say what it was made on",
        fix="send the `ETag` of what you read as `If-Match`",
    ),
    "too-many-requests": Kind(
        status=429, title="This caller asks too often", fix="try again after `Retry-After`"
    ),
    "queue-full": Kind(
        status=429,
        title="Tickets wait too long already",
        fix="send it again after `Retry-After`: nothing of it was stored",
    ),
    "failed": Kind(
        status=500, title="This failed and will fail again", fix="report it with `request_id`"
    ),
    "unavailable": Kind(
        status=503, title="Something that this needs is away", fix="try again after `Retry-After`"
    ),
}
_BY_STATUS = {kind.status: name for name, kind in reversed(list(KINDS.items()))}


class Problem(HTTPException):
    """A request that is answered with a problem.

    Args:
        name: one of `KINDS`.
        detail: what is the matter this time, without ticket text.
        headers: to send along.
        more: further members of the object (RFC 9457, 3.2).
    """

    def __init__(
        self, name: str, detail: str, *, headers: Mapping[str, str] | None = None, **more: Any
    ) -> None:
        super().__init__(KINDS[name].status, detail, headers)
        self.name = name
        self.more = more


def name_for(status: int) -> str:
    """The type of an error of the framework's own."""
    other = "failed" if status >= 500 else "malformed"
    return str(_BY_STATUS.get(status, other))


def problem_object(name: str, **more: Any) -> dict[str, Any]:
    """The JSON object of a problem: `type`, `title`, `status`, `fix`, and whatever is given."""
    kind = KINDS[name]
    told = {key: value for key, value in more.items() if value is not None}
    return {
        "type": f"/problems/{name}",
        "title": kind.title,
        "status": kind.status,
        "fix": kind.fix,
        **told,
    }


def known_problem(name: str, **more: Any) -> dict[str, Any]:
    """The same, with the id under which logs tell of the request."""
    known = structlog.contextvars.get_contextvars()
    return problem_object(name, request_id=known.get("request_id"), **more)


def problem_answer(
    problem: Mapping[str, Any], headers: Mapping[str, str] | None = None
) -> JSONResponse:
    """The answer to a program."""
    return JSONResponse(problem, problem["status"], headers, media_type=MEDIA_TYPE)


def documented(*names: str) -> dict[int | str, dict[str, Any]]:
    """The answers of a route for the API's description, each with an example."""
    answers: dict[int | str, dict[str, Any]] = {}
    for name in names:
        entry = answers.setdefault(
            KINDS[name].status,
            {
                "description": KINDS[name].title,
                "content": {MEDIA_TYPE: {"schema": _SCHEMA, "examples": {}}},
            },
        )
        example = problem_object(name, detail=_DETAILS.get(name), field=_FIELDS.get(name))
        entry["content"][MEDIA_TYPE]["examples"][name] = {"value": example}
    return answers


_DETAILS = {
    "unauthenticated": "The token is unknown, revoked or over.",
    "forbidden": "The role agent may not POST /v1/tickets.",
    "not-found": "There is no ticket 0198c0de-0000-7000-8000-000000000000.",
    "idempotency-key-reused": "The key 7f3a was used with another body.",
    "conflict": "The item is held by another agent.",
    "changed-meanwhile": 'Version 8 stands; the request was made on "7".',
    "match-needed": "The request carries no If-Match.",
    "too-many-requests": "The token zendesk may send 600 requests a minute.",
    "queue-full": "The oldest ticket has waited for 3900 s.",
    "too-large": "The body is larger than 16777216 bytes.",
    "compressed": "Bodies with a Content-Encoding are not read.",
    "invalid": "colour is not a known field",
}
_FIELDS = {"invalid": "colour"}
_TEXT, _NUMBER = {"type": "string"}, {"type": "integer"}
_SCHEMA = {
    "type": "object",
    "required": ["type", "title", "status", "fix"],
    "properties": {
        "type": {"type": "string", "enum": [f"/problems/{name}" for name in KINDS]},
        "title": _TEXT,
        "status": _NUMBER,
        "detail": _TEXT,
        "field": _TEXT,
        "fix": _TEXT,
        "request_id": _TEXT,
        "current": {"description": "Of `changed-meanwhile`: what stands."},
        "yours": {"description": "Of `changed-meanwhile`: what the request would have saved."},
    },
}
