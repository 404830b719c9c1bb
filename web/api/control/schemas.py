"""The shapes of proposals and of the audit log."""

from datetime import datetime
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field

from core.types import ProposalVerdict
from web.api.moments import Moment

_MOMENT = "2026-03-01T09:30:00.123456+00:00"
ENTRY_EXAMPLE: dict[str, Any] = {
    "id": 42,
    "at": _MOMENT,
    "actor": "kim",
    "action": "rules.saved",
    "subject": "ruleset 12",
    "detail": {"note": "refunds go to billing"},
    "previous": "00" * 32,
    "hash": "5f" * 32,
}
PROPOSAL_EXAMPLE: dict[str, Any] = {
    "id": 7,
    "change": "rules.save",
    "body": {"note": "refunds go to billing"},
    "note": "refunds go to billing",
    "proposed_by": "kim",
    "proposed_at": _MOMENT,
    "verdict": None,
    "decided_by": None,
    "decided_at": None,
    "reason": "",
}
_Cursor = Annotated[
    str | None, Field(max_length=100, description="`next` of the page before; the first if absent.")
]
_Most = Annotated[int, Field(ge=1, le=200, description="Largest number of entries.")]
_Word = Annotated[str | None, Field(min_length=1, max_length=200, pattern=r"^[^\x00]*$")]


class WantedEntries(BaseModel):
    """Which entries of the audit log, newest first."""

    model_config = ConfigDict(extra="forbid")

    actor: _Word = None
    area: _Word = Field(default=None, description="What stands before the dot of an action.")
    action: _Word = None
    subject: _Word = None
    since: Moment | None = None
    until: Moment | None = None
    cursor: _Cursor = None
    limit: _Most = 50


class AuditEntry(BaseModel):
    """One entry; `hash` is over `previous` and the other members, as docs/api.md says."""

    model_config = ConfigDict(json_schema_extra={"examples": [ENTRY_EXAMPLE]})

    id: int
    at: str
    actor: str
    action: str
    subject: str
    detail: dict[str, Any]
    previous: str
    hash: str


class AuditPage(BaseModel):
    """Some entries, and the cursor of the next page."""

    entries: list[AuditEntry]
    next: str | None


class AuditCheck(BaseModel):
    """What a look along the whole chain found."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [{"entries": 42, "head": "5f" * 32, "is_whole": True, "broken_at": None}]
        },
        from_attributes=True,
    )

    entries: int
    head: str
    is_whole: bool
    broken_at: int | None


class WantedProposals(BaseModel):
    """Which proposals, newest first."""

    model_config = ConfigDict(extra="forbid")

    waiting: bool = False
    cursor: _Cursor = None
    limit: _Most = 50


class ProposalShape(BaseModel):
    """A change that waits, or waited, for a second person."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [PROPOSAL_EXAMPLE]}, from_attributes=True
    )

    id: int
    change: str
    body: dict[str, Any]
    note: str
    proposed_by: str
    proposed_at: datetime
    verdict: ProposalVerdict | None
    decided_by: str | None
    decided_at: datetime | None
    reason: str


MAY_WAIT: dict[int | str, dict[str, Any]] = {
    202: {"model": ProposalShape, "description": "It waits for a second person's approval."}
}
"""The answer of doors that `POINTSMAN_FOUR_EYES` puts under control."""


class ProposalPage(BaseModel):
    """Some proposals, and the cursor of the next page."""

    proposals: list[ProposalShape]
    next: str | None


class Settled(BaseModel):
    """A verdict's reason."""

    model_config = ConfigDict(extra="forbid")

    reason: Annotated[str, Field(max_length=1_000)] = ""
