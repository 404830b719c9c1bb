"""The shapes of labels and their changes; each field means what `docs/api.md` says."""

from datetime import datetime
from typing import Annotated, Any, Literal, Self
from uuid import UUID

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator

from core.ticket_json import TicketShape
from core.types import Automation, LabelMove, RunState
from web.api.thresholds.schemas import Level
from web.api.words import CLEANED, Word

MOST_EXAMPLES = 100
_LEVEL = {"automation": "auto", "preselect_from": None, "auto_from": None}
_LABEL: dict[str, Any] = {
    "label": "refund",
    "description": "Somebody wants money back",
    "guidelines": "Also when a charge is doubted; not for vouchers.",
    "level": _LEVEL,
    "threshold": 0.46,
    "tickets": 214,
    "needs": 0,
}
_TOUCHED: dict[str, Any] = {
    "kind": "rename",
    "before": ["refund"],
    "after": ["money-back"],
    "tickets": 180,
    "corrections": 34,
    "rules": ["refunds"],
    "rules_diff": ["~ refunds"],
    "findings": [],
    "to_relabel": [],
    "serving": "2217492d0a1b",
}


def _visible(name: str) -> str:
    if not name.strip() or name != name.strip():
        raise ValueError("a name is not blank and does not begin or end so")
    return name


def _example(value: dict[str, Any]) -> ConfigDict:
    return ConfigDict(json_schema_extra={"example": value})


Name = Annotated[Word, AfterValidator(_visible)]
_Words = Annotated[str, Field(max_length=2_000), CLEANED]
_Note = Annotated[str, Field(default="", max_length=2_000, description="Why."), CLEANED]
_DryRun = Annotated[
    bool, Field(default=False, description="Show what it would touch, and change nothing.")
]
_Examples = Annotated[
    list[TicketShape],
    Field(
        default_factory=list,
        max_length=MOST_EXAMPLES,
        description="Tickets that carry a new label; they are kept to learn from.",
    ),
]


class LabelOut(BaseModel):
    """One label.

    `threshold` is that of the model that serves, null where it does not know the label. People
    gave it to so many `tickets`; a training learns it once it `needs` no more.
    """

    model_config = _example(_LABEL)

    label: str
    description: str
    guidelines: str
    level: Level
    threshold: float | None
    tickets: int
    needs: int


class LabelList(BaseModel):
    """All labels in use; names that were split, with the newest tickets that still carry them."""

    model_config = _example({"labels": [_LABEL], "to_relabel": {"billing": ["BW-1042"]}})

    labels: list[LabelOut]
    to_relabel: dict[str, list[str]]


class LabelEdit(BaseModel):
    """What is to be different; what is absent stays."""

    model_config = ConfigDict(
        extra="forbid", **_example({"guidelines": "Also when a charge is doubted."})
    )

    description: _Words | None = Field(
        default=None, description="What it is about, in the words of a ticket."
    )
    guidelines: _Words | None = Field(
        default=None, description="For people: when to give it, and when not."
    )
    level: Level | None = Field(default=None, description="What it may do; all three together.")
    examples: Annotated[list[TicketShape], Field(max_length=MOST_EXAMPLES)] = Field(
        default_factory=list, description="Tickets that carry it; they are kept to learn from."
    )


class LabelChange(LabelEdit):
    """The edit with its label and what it was made on, so that it can wait for a second person."""

    label: str
    made_on: str | None


class NewLabel(BaseModel):
    """A label to add, with what teaches it: a description, examples, or tickets that are here."""

    model_config = ConfigDict(
        extra="forbid",
        **_example({"label": "outage", "description": "Nothing works for anybody"}),
    )

    label: Name
    description: _Words = Field(default="", description="In the words of a ticket.")
    examples: _Examples
    tickets: Annotated[list[UUID], Field(max_length=MOST_EXAMPLES)] = Field(
        default_factory=list, description="Tickets here that carry it."
    )
    automation: Automation | None = Field(
        default=None,
        description="What it may do; without tickets it is only suggested unless this says more.",
    )
    note: _Note
    dry_run: _DryRun


class Renaming(BaseModel):
    """A new name."""

    model_config = ConfigDict(extra="forbid", **_example({"to": "money-back", "dry_run": True}))

    to: Name
    note: _Note
    dry_run: _DryRun


class Merging(BaseModel):
    """Further labels that become one with this; `into` one of them, another label or a new name."""

    model_config = ConfigDict(
        extra="forbid", **_example({"labels": ["chargeback"], "into": "money-back"})
    )

    labels: Annotated[list[Name], Field(max_length=100)] = Field(default_factory=list)
    into: Name
    description: _Words = Field(default="", description="Of a new name.")
    note: _Note
    dry_run: _DryRun


class Splitting(BaseModel):
    """The labels that take its place, and what tells them apart."""

    model_config = ConfigDict(
        extra="forbid",
        **_example(
            {"into": ["invoice", "refund"], "descriptions": {"refund": "I want my money back"}}
        ),
    )

    into: Annotated[list[Name], Field(min_length=2, max_length=20)]
    descriptions: Annotated[dict[Name, _Words], Field(max_length=20)] = Field(default_factory=dict)
    examples: _Examples
    note: _Note
    dry_run: _DryRun

    @model_validator(mode="after")
    def _distinct(self) -> Self:
        if len({*self.into}) < len(self.into):
            raise ValueError("the names under into differ")
        return self


class Retiring(BaseModel):
    """The label that takes its place, if any."""

    model_config = ConfigDict(extra="forbid", **_example({"to": "other", "dry_run": True}))

    to: Name | None = None
    note: _Note
    dry_run: _DryRun


class Touched(BaseModel):
    """What a change touches.

    So many imported `tickets` and `corrections` name it; the `rules` that do, and how they change;
    what the linter says of them afterwards; tickets that somebody must label anew after a split.
    """

    model_config = _example(_TOUCHED)

    kind: LabelMove
    before: list[str]
    after: list[str]
    tickets: int
    corrections: int
    rules: list[str]
    rules_diff: list[str]
    findings: list[dict[str, Any]]
    to_relabel: list[str]
    serving: str | None


class LabelChanged(BaseModel):
    """What became of a change, and what it touches.

    `queued` waits for a trainer, which makes another model of the one that serves: ask for it under
    `/v1/labels/changes/{request}`.
    """

    model_config = _example({"state": "queued", "request": 7, "touched": _TOUCHED})

    state: Literal["dry_run", "done", "queued"]
    request: int | None
    touched: Touched


class LabelRequestOut(BaseModel):
    """A change that a trainer makes; `error` says why it was refused, with nothing changed."""

    model_config = ConfigDict(
        from_attributes=True,
        **_example(
            {
                "id": 7,
                "state": "succeeded",
                "requested_by": "olga",
                "error": None,
                "model_version": "9b1c5d7e0f2a",
                "created_at": "2026-03-01T09:30:00Z",
                "finished_at": "2026-03-01T09:30:06Z",
            }
        ),
    )

    id: int
    state: RunState
    requested_by: str
    error: str | None
    model_version: str | None
    created_at: datetime
    finished_at: datetime | None
