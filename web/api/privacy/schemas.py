"""The shapes of erasures; each field means what `docs/api.md` says."""

from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from core.types import ErasureScope
from web.api.words import Word

_ID = "0198c0de-5f00-7000-8000-000000000000"
_MOMENT = "2026-03-01T09:30:00Z"
_LINE: dict[str, Any] = {
    "id": _ID,
    "scope": "ticket",
    "state": "erased",
    "requested_by": "kim",
    "requested_at": _MOMENT,
    "tickets": 1,
}
_SNAPSHOT = "5f" * 32
RECEIPT_EXAMPLE: dict[str, Any] = {
    **_LINE,
    "rows_erased_at": _MOMENT,
    "files_erased_at": "2026-03-01T09:30:20Z",
    "rows": {"decisions": 1, "outbox": 1, "ticket_contents": 2, "ticket_keys": 1, "tickets": 1},
    "files": {
        "snapshots": [{"snapshot": _SNAPSHOT, "rows": 1}],
        "drift_reference_texts": 0,
        "snapshots_missing": [],
    },
    "model_versions": [{"version": "2217492d", "active": True, "snapshot": _SNAPSHOT}],
    "versions_unknown": ["9f0c11aa"],
    "first_version_without": None,
    "advice": "retrain, and serve the new version: it will be the first without",
}
State = Literal["under_way", "files_waiting", "erased"]


def _wish(example: dict[str, Any]) -> ConfigDict:
    return ConfigDict(extra="forbid", json_schema_extra={"example": example})


class TicketById(BaseModel):
    """A ticket by its id here."""

    model_config = _wish({"ticket_id": "0198c0de-0000-7000-8000-000000000000"})

    ticket_id: UUID


class TicketByKey(BaseModel):
    """A ticket by who sent it and the sender's id."""

    model_config = _wish({"source": "shop", "external_id": "BW-1042"})

    source: Word
    external_id: Word


class Customer(BaseModel):
    """Every ticket that names this customer in any revision, whoever sent it."""

    model_config = _wish({"customer": "c-77"})

    customer: Word


class WantedErasures(BaseModel):
    """The query of a list."""

    model_config = ConfigDict(extra="forbid")

    cursor: Annotated[str, Field(max_length=100)] | None = Field(
        default=None, description="`next` of the page before"
    )
    limit: Annotated[int, Field(ge=1, le=200)] = 50


class ErasureInList(BaseModel):
    """One erasure; it names nobody but who asked for it."""

    model_config = ConfigDict(json_schema_extra={"example": _LINE})

    id: UUID
    scope: ErasureScope
    state: State
    requested_by: str
    requested_at: datetime
    tickets: int


class ErasureList(BaseModel):
    """A page, newest first. `next` is the cursor of the page after it, null on the last one."""

    model_config = ConfigDict(json_schema_extra={"example": {"erasures": [_LINE], "next": None}})

    erasures: list[ErasureInList]
    next: str | None


class HeldBy(BaseModel):
    """A data set that held rows of it."""

    snapshot: str
    rows: int


class ErasedFiles(BaseModel):
    """What left the files; empty until it has."""

    snapshots: list[HeldBy] = []
    drift_reference_texts: int = 0
    snapshots_missing: list[str] = Field(
        default=[], description="on record, and not where the files were erased"
    )


class SawIt(BaseModel):
    """A model version that learned from a data set that held it."""

    version: str
    active: bool
    snapshot: str


class ErasureReceipt(ErasureInList):
    """What was removed, what held it, which models learned from it, what to do about them."""

    model_config = ConfigDict(json_schema_extra={"example": RECEIPT_EXAMPLE})

    rows_erased_at: datetime | None
    files_erased_at: datetime | None
    rows: dict[str, int] = Field(description="removed or emptied, by table")
    files: ErasedFiles
    model_versions: list[SawIt]
    versions_unknown: list[str] = Field(
        description="trained from files of their own: nobody can tell"
    )
    first_version_without: str | None
    advice: str
