"""The shapes of the review queue; each field means what `docs/api.md` says."""

from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from core.types import ReviewOrder, ReviewOutcome, ReviewReason
from web.api.feedback.schemas import Department, Judged, Labels, Note

MOST = 100
_ItemId = Annotated[int, Field(ge=1, le=(1 << 63) - 1)]
_LeaseS = Annotated[float, Field(ge=1, le=86_400, description="Seconds; a setting's if absent.")]
_ITEM: dict[str, Any] = {
    "id": 12,
    "ticket_id": "0198c0de-1f2e-7a3b-8c4d-5e6f70819203",
    "external_id": "BW-1042",
    "revision": 1,
    "correction_id": None,
    "reasons": ["below_threshold", "audit"],
    "uncertainty": 0.83,
    "due_at": "2026-03-02T09:30:00Z",
    "claimed_by": "anna",
    "lease_until": "2026-03-01T10:22:00Z",
    "created_at": "2026-03-01T09:30:01Z",
    "primary_department": "triage",
    "labels": [],
}
_RESOLUTION = {"outcome": "replaced", "labels": ["refund"], "note": "asks for money back"}
_RESOLVED = {
    "item": 12,
    "outcome": "replaced",
    "feedback_id": "0198c0de-2a3b-7c4d-8e5f-60718293a4b5",
}


def _example(value: dict[str, Any]) -> ConfigDict:
    return ConfigDict(json_schema_extra={"example": value})


class WantedItems(BaseModel):
    """The query of a list."""

    model_config = ConfigDict(extra="forbid")

    reason: ReviewReason | None = None
    mine: bool = Field(default=False, description="only what the caller holds")
    cursor: Annotated[str, Field(max_length=100)] | None = Field(
        default=None, description="`next` of the page before"
    )
    limit: Annotated[int, Field(ge=1, le=200)] = 50


class ReviewItemOut(BaseModel):
    """What waits for a person: a decision, or a correction that is held from training."""

    model_config = ConfigDict(from_attributes=True, **_example(_ITEM))

    id: int
    ticket_id: UUID
    external_id: str
    revision: int
    correction_id: UUID | None
    reasons: list[ReviewReason]
    uncertainty: float
    due_at: datetime | None
    claimed_by: str | None
    lease_until: datetime | None
    created_at: datetime
    primary_department: str | None
    labels: list[str]


class ReviewPage(BaseModel):
    """What waits, due first; `waiting` counts all of it, `by_reason` by each of its reasons."""

    model_config = _example(
        {
            "items": [_ITEM],
            "next": None,
            "waiting": 1,
            "by_reason": {"below_threshold": 1, "audit": 1},
            "oldest_s": 2500.0,
        }
    )

    items: list[ReviewItemOut]
    next: str | None
    waiting: int
    by_reason: dict[ReviewReason, int]
    oldest_s: float


class Claim(BaseModel):
    """What an agent takes: this item, or the next ones in an order."""

    model_config = ConfigDict(
        extra="forbid", **_example({"order": "uncertainty", "most": 5, "lease_s": 600})
    )

    order: ReviewOrder = ReviewOrder.DEADLINE
    most: Annotated[int, Field(ge=1, le=MOST)] = 1
    item: _ItemId | None = Field(default=None, description="This one, and no other.")
    lease_s: _LeaseS | None = None


class Claimed(BaseModel):
    """What the agent holds from now on; empty where nothing waits that is free."""

    model_config = _example({"items": [_ITEM]})

    items: list[ReviewItemOut]


class Renewal(BaseModel):
    """For how long from now."""

    model_config = ConfigDict(extra="forbid", **_example({"lease_s": 600}))

    lease_s: _LeaseS | None = None


class ResolutionIn(BaseModel):
    """What an agent makes of an item."""

    model_config = ConfigDict(extra="forbid", **_example(_RESOLUTION))

    outcome: Judged
    labels: Labels | None = Field(
        default=None, description="Of `replaced`: after correction, all of them."
    )
    department: Department | None = Field(
        default=None, description="Of `replaced`: where the ticket belongs."
    )
    note: Note = ""


class OneResolution(ResolutionIn):
    """A resolution with its item."""

    model_config = ConfigDict(extra="forbid", **_example({"item": 12, **_RESOLUTION}))

    item: _ItemId


class Resolutions(BaseModel):
    """Several at once, each with its own outcome."""

    model_config = ConfigDict(extra="forbid", **_example({"items": [{"item": 12, **_RESOLUTION}]}))

    items: Annotated[list[OneResolution], Field(min_length=1, max_length=MOST)]


class Resolved(BaseModel):
    """An item that is out of the queue, and the feedback that was given with it."""

    model_config = _example(_RESOLVED)

    item: int
    outcome: ReviewOutcome
    feedback_id: UUID | None


class RefusedItem(BaseModel):
    """An item that was not resolved, with a problem of RFC 9457."""

    model_config = _example(
        {
            "item": 13,
            "outcome": "refused",
            "problem": {
                "type": "/problems/conflict",
                "title": "This cannot be done in the state that it is in",
                "status": 409,
                "detail": "item 13 is not held by anna, or is resolved",
                "fix": "look at it again",
            },
        }
    )

    item: int
    outcome: Literal["refused"]
    problem: dict[str, Any]


class ResolvedItems(BaseModel):
    """What became of each, in the order sent."""

    model_config = _example({"resolved": 1, "refused": 0, "items": [_RESOLVED]})

    resolved: int
    refused: int
    items: list[Resolved | RefusedItem]
