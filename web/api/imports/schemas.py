"""The shapes of imports."""

from datetime import datetime
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field

from core.history.mapping import AS_IT_IS, HistoryMapping
from core.types import HistoryFormat
from store.queue.imports import AT_ONCE
from web.api.words import Word

_MOMENT = "2026-03-01T09:30:00Z"
_IMPORT = {
    "id": 4,
    "name": "crm-2025",
    "source": "crm",
    "format": "zendesk",
    "started_by": "ann@example.com",
    "rows": 2000,
    "outcomes": {"created": 1950, "same_content": 38, "duplicate": 4},
    "refused": 8,
    "reasons": {"labels is missing": 8},
    "created_at": _MOMENT,
    "updated_at": "2026-03-01T09:30:02Z",
}
_REFUSED = {
    "row": 1001,
    "field": "labels",
    "problem": "is missing",
    "fix": "give the labels that people chose, or map them",
}
_ROWS: dict[str, Any] = {
    "name": "crm-2025",
    "source": "crm",
    "format": "zendesk",
    "mapping": {"fields": {"department": "group.name"}, "labels": {"rfnd": "refund", "vip": None}},
    "first_row": 1001,
    "rows": [
        {
            "id": 35436,
            "subject": "Parcel is late",
            "tags": ["delivery", "rfnd"],
            "comments": [{"public": True, "body": "It should have been here on Monday."}],
        }
    ],
}


def _example(value: dict[str, Any]) -> ConfigDict:
    return ConfigDict(json_schema_extra={"example": value})


class ImportRows(BaseModel):
    """Up to 1,000 rows of an export. The same rows again change nothing but the counts."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"example": _ROWS})

    name: Word = Field(description="of the import; the same for all of its rows")
    source: Word | None = Field(default=None, description="of the tickets; your name if absent")
    format: HistoryFormat = HistoryFormat.JSONL
    mapping: HistoryMapping = AS_IT_IS
    first_row: Annotated[int, Field(ge=1, le=1 << 53)] = Field(
        default=1, description="number of the first of these rows, by which refused ones are named"
    )
    rows: Annotated[list[dict[str, Any]], Field(min_length=1, max_length=AT_ONCE)]


class ImportShape(BaseModel):
    """An import as it stands; rows that came again count again."""

    model_config = ConfigDict(from_attributes=True, **_example(_IMPORT))

    id: int
    name: str
    source: str
    format: HistoryFormat
    started_by: str
    rows: int
    outcomes: dict[str, int]
    refused: int
    reasons: dict[str, int] = Field(description="field and problem, to how many rows")
    created_at: datetime
    updated_at: datetime


class RefusedRow(BaseModel):
    """A row that is not stored, and why; never with its text."""

    model_config = _example(_REFUSED)

    row: int
    field: str
    problem: str
    fix: str


class ImportedRows(BaseModel):
    """What became of the rows of one call, and the import with them."""

    model_config = _example(
        {"outcomes": {"created": 999}, "refused": [_REFUSED], "so_far": _IMPORT}
    )

    outcomes: dict[str, int]
    refused: list[RefusedRow]
    so_far: ImportShape


class ImportPage(BaseModel):
    """A page. `next` is the cursor of the page after it, null on the last one."""

    model_config = _example({"imports": [_IMPORT], "next": None})

    imports: list[ImportShape]
    next: str | None
