"""The shapes of feedback; each field means what `docs/api.md` says."""

from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from core.types import FeedbackKind, ReviewOutcome, Verdict
from web.api.moments import Moment
from web.api.words import CLEANED, Word

_ID = "0198c0de-2a3b-7c4d-8e5f-60718293a4b5"
_MOMENT = "2026-03-01T10:12:00Z"
_MOST_LABELS = 200
_MOST_REVISION = 2_147_483_647


_Kind = Literal["confirmed", "wrong_label", "wrong_route", "moved_for_load", "skipped"]
Labels = Annotated[list[Word], Field(max_length=_MOST_LABELS)]
Department = Word
Note = Annotated[str, Field(max_length=2_000), CLEANED]
Judged = Literal["accepted", "replaced", "skipped"]


class FeedbackIn(BaseModel):
    """What somebody says of a decision."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "example": {
                "outcome": "replaced",
                "labels": ["refund"],
                "agent": "anna",
                "external_id": "audit-99812",
                "given_at": _MOMENT,
            }
        },
    )

    outcome: Judged | None = Field(
        default=None,
        description="What became of the decision. A `final` entry with `labels` may leave it out: "
        "then it follows from what was decided.",
    )
    kind: _Kind | None = Field(
        default=None, description="What is meant; follows from the rest if absent."
    )
    labels: Labels | None = Field(
        default=None, description="After correction, all of them; `[]` if none fits."
    )
    department: Department | None = Field(default=None, description="Where the ticket belongs.")
    revision: Annotated[int, Field(ge=1, le=_MOST_REVISION)] | None = Field(
        default=None, description="Of the ticket, that it is about; the newest if absent."
    )
    note: Note = Field(default="", description="For the trainer and for colleagues.")
    agent: Word | None = Field(
        default=None,
        description="For whom a helpdesk's token speaks; the token's name if absent.",
    )
    final: bool = Field(default=False, description="It says what stood when the ticket was closed.")
    given_at: Moment | None = Field(
        default=None, description="When it was said; now if absent. The last said stands."
    )
    external_id: Word | None = Field(
        default=None, description="The sender's own id: deliveries of it are one entry."
    )

    @property
    def judged(self) -> ReviewOutcome | None:
        """`outcome` as the core knows it."""
        return None if self.outcome is None else ReviewOutcome(self.outcome)

    @property
    def meant(self) -> FeedbackKind | None:
        """`kind` as the core knows it."""
        return None if self.kind is None else FeedbackKind(self.kind)


class FeedbackTaken(BaseModel):
    """What became of it: `stored`, a `duplicate` of what is there, or `ignored` as our own."""

    model_config = ConfigDict(
        from_attributes=True,
        json_schema_extra={
            "example": {"outcome": "stored", "id": _ID, "kind": "wrong_label"},
        },
    )

    outcome: Literal["stored", "duplicate", "ignored"]
    id: UUID | None
    kind: FeedbackKind | None


_ENTRY: dict[str, Any] = {
    "id": _ID,
    "revision": 1,
    "kind": "wrong_label",
    "labels": ["refund"],
    "department": None,
    "agent": "anna",
    "note": "",
    "final": False,
    "given_at": _MOMENT,
    "received_at": "2026-03-01T10:12:01Z",
    "withdrawn_by": None,
    "withdrawn_at": None,
    "verdict": None,
    "stands_for": ["labels"],
}


class FeedbackEntry(BaseModel):
    """One entry, with what it is the last word on."""

    model_config = ConfigDict(from_attributes=True, json_schema_extra={"example": _ENTRY})

    id: UUID
    revision: int
    kind: FeedbackKind
    labels: list[str] | None
    department: str | None
    agent: str
    note: str
    final: bool
    given_at: datetime
    received_at: datetime
    withdrawn_by: str | None
    withdrawn_at: datetime | None
    verdict: Verdict | None = Field(
        description="Of a correction that looked odd: held from training, released or rejected."
    )
    stands_for: list[Literal["labels", "route"]]


class FeedbackHistory(BaseModel):
    """What was said of a ticket, last said first."""

    model_config = ConfigDict(json_schema_extra={"example": {"feedback": [_ENTRY]}})

    feedback: list[FeedbackEntry]
