"""The shapes of the API's queries and answers; each field means what `docs/api.md` says."""

from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from core.types import TicketState
from web.api.moments import Moment
from web.api.words import Word

_ID = "0198c0de-1f2e-7a3b-8c4d-5e6f70819203"
_MOMENT = "2026-03-01T09:30:00Z"
TICKET_EXAMPLE = {
    "id": "BW-1042",
    "subject": "Parcel is late",
    "body": "It should have been here on Monday. Please refund the express fee.",
    "channel": "email",
    "language": "en",
    "priority": "high",
    "deadline": "2026-03-01T10:00:00Z",
}
ACCEPTED_EXAMPLE = {
    "outcome": "created",
    "id": _ID,
    "external_id": "BW-1042",
    "revision": 1,
}
REFUSED_EXAMPLE = {
    "outcome": "refused",
    "problem": {
        "type": "/problems/invalid",
        "title": "The request cannot be understood",
        "status": 422,
        "detail": "colour is not a known field",
        "field": "colour",
        "fix": "remove it or put it under metadata",
    },
}
_LINE_EXAMPLE = {
    "id": _ID,
    "source": "shop",
    "external_id": "BW-1042",
    "revision": 1,
    "state": "decided",
    "received_at": _MOMENT,
    "due_at": "2026-03-01T09:35:00Z",
    "subject": "Parcel is late",
    "language": "en",
    "priority": "high",
    "deadline": "2026-03-01T10:00:00Z",
    "primary_department": "orders",
    "labels": ["delivery", "refund"],
    "reason": "rule",
    "rung": "model",
    "model_version": "2217492d",
    "decided_at": "2026-03-01T09:30:01Z",
}
_TIMELINE_EXAMPLE = [
    {"at": _MOMENT, "what": "received"},
    {"at": "2026-03-01T09:30:01Z", "what": "decided", "department": "orders", "reason": "rule"},
]


def _example(value: dict[str, Any]) -> ConfigDict:
    return ConfigDict(json_schema_extra={"example": value})


class WantedTickets(BaseModel):
    """The query of a list: only tickets that fit all of it."""

    model_config = ConfigDict(extra="forbid")

    state: TicketState | None = None
    label: Word | None = Field(default=None, description="among those of the decision")
    department: Word | None = Field(default=None, description="the primary one")
    source: Word | None = None
    external_id: Word | None = None
    language: Word | None = None
    model_version: Word | None = None
    since: Moment | None = Field(default=None, description="received at or after")
    until: Moment | None = Field(default=None, description="received before")
    cursor: Annotated[str, Field(max_length=100)] | None = Field(
        default=None, description="`next` of the page before"
    )
    limit: Annotated[int, Field(ge=1, le=200)] = 50


class AcceptedTicket(BaseModel):
    """A ticket that is stored, and what that did."""

    model_config = _example(ACCEPTED_EXAMPLE)

    outcome: Literal["created", "revised", "duplicate", "erased"]
    id: UUID
    external_id: str
    revision: int


class RefusedTicket(BaseModel):
    """A ticket that is not stored, with a problem of RFC 9457."""

    model_config = _example(REFUSED_EXAMPLE)

    outcome: Literal["refused"]
    problem: dict[str, Any]


class AcceptedTickets(BaseModel):
    """What became of each of several tickets, in the order sent."""

    model_config = _example(
        {"accepted": 1, "refused": 1, "tickets": [ACCEPTED_EXAMPLE, REFUSED_EXAMPLE]}
    )

    accepted: int
    refused: int
    tickets: list[AcceptedTicket | RefusedTicket]


class TicketInList(BaseModel):
    """A ticket with its standing decision, if it has one."""

    model_config = ConfigDict(from_attributes=True, **_example(_LINE_EXAMPLE))

    id: UUID
    source: str
    external_id: str
    revision: int
    state: str
    received_at: datetime
    due_at: datetime
    subject: str | None
    language: str | None
    priority: str | None
    deadline: datetime | None
    primary_department: str | None
    labels: list[str] | None
    reason: str | None
    rung: str | None
    model_version: str | None
    decided_at: datetime | None


class TicketList(BaseModel):
    """A page. `next` is the cursor of the page after it, null on the last one."""

    model_config = _example({"tickets": [_LINE_EXAMPLE], "next": "AZjA3h8uejuMTV5vcIGSAw"})

    tickets: list[TicketInList]
    next: str | None


class TicketRecord(BaseModel):
    """Everything that is known about one ticket."""

    model_config = _example(
        {
            "id": _ID,
            "source": "shop",
            "external_id": "BW-1042",
            "revision": 1,
            "state": "decided",
            "attempts": 1,
            "error": None,
            "rescore": False,
            "received_at": _MOMENT,
            "ticket": TICKET_EXAMPLE,
            "decision": {
                "primary_department": "orders",
                "collaborators": ["billing"],
                "labels": ["delivery", "refund"],
                "scores": {"delivery": 0.94, "refund": 0.71, "login": 0.01},
                "reason": "rule",
                "rule": "late-parcels",
                "rung": "model",
                "model_version": "2217492d",
                "ruleset_version": 12,
                "trace": [],
                "decided_at": "2026-03-01T09:30:01Z",
            },
            "superseded_decisions": [],
            "corrections": [],
            "events": [],
            "timeline": _TIMELINE_EXAMPLE,
        }
    )

    id: UUID
    source: str
    external_id: str
    revision: int
    state: str
    attempts: int
    error: str | None
    rescore: bool
    received_at: datetime
    ticket: dict[str, Any]
    decision: dict[str, Any] | None
    superseded_decisions: list[dict[str, Any]]
    corrections: list[dict[str, Any]]
    events: list[dict[str, Any]]
    timeline: list[dict[str, Any]]
