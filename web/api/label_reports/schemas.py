"""The shapes of looks at the labels."""

from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from web.api.labels.schemas import Name
from web.api.words import CLEANED

_MOMENT = "2026-03-01T09:30:00Z"
_GAP = {
    "key": "5f0c8d2a91be",
    "terms": ["vpn", "tunnel", "gateway"],
    "tickets": 34,
    "examples": ["0198c6f2-5b1e-7c3a-9d4e-2f6a8b0c1d2e"],
}
_OVERLAP = {
    "key": "a41b77c09d3e",
    "labels": ["delivery", "shipping"],
    "sign": "corrections",
    "value": 12,
}
_REPORT: dict[str, Any] = {
    "id": 7,
    "model_version": "2217492db84c",
    "since": _MOMENT,
    "until": _MOMENT,
    "tickets": 412,
    "gaps": [_GAP],
    "overlaps": [_OVERLAP],
    "created_at": _MOMENT,
}


def _example(value: dict[str, Any]) -> ConfigDict:
    return ConfigDict(json_schema_extra={"example": value})


class LabelGap(BaseModel):
    """A group of tickets that no label fits."""

    model_config = _example(_GAP)

    key: str
    terms: list[str] = Field(description="words that set the group apart, most telling first")
    tickets: int
    examples: list[UUID] = Field(description="tickets nearest to its middle, at most 20")


class LabelOverlap(BaseModel):
    """Two labels and a sign that they mean the same."""

    model_config = _example(_OVERLAP)

    key: str
    labels: list[str]
    sign: Literal["corrections", "together", "descriptions"]
    value: float = Field(
        description="corrections that exchanged them; share of their tickets that have both; "
        "likeness of what is written about them"
    )


class LabelReportShape(BaseModel):
    """The newest look; what people dealt with is left out."""

    model_config = ConfigDict(from_attributes=True, **_example(_REPORT))

    id: int
    model_version: str
    since: datetime = Field(description="when the first of the tickets arrived")
    until: datetime
    tickets: int = Field(description="that no label fits")
    gaps: list[LabelGap]
    overlaps: list[LabelOverlap]
    created_at: datetime


class LookAsked(BaseModel):
    """A look that trainers were asked for; its report is the one after `newest_report`."""

    model_config = _example({"newest_report": 7})

    newest_report: int | None


class GapAccepted(BaseModel):
    """The label that is made of a gap; it is only suggested until somebody lets it do more."""

    model_config = ConfigDict(extra="forbid", **_example({"label": "vpn"}))

    label: Name
    description: Annotated[str, Field(max_length=2_000), CLEANED] = Field(
        default="", description="In the words of a ticket; the gap's terms if absent."
    )
