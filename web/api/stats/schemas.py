"""The shapes of figures; each field means what `docs/api.md` says."""

from datetime import datetime
from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from core.types import GroupBy
from store.figures.quality import Figures, Outcome
from web.api.moments import Moment
from web.api.words import Word

_MOMENT = "2026-03-01T09:30:00Z"
_AUDIT = {"drawn": 61, "judged": 58, "accuracy": 0.93, "low": 0.836, "high": 0.973}
_GROUP: dict[str, Any] = {
    "name": "refund",
    "tickets": 3071,
    "automatic_share": 0.88,
    "coverage": None,
    "accepted": 412,
    "replaced": 23,
    "skipped": 4,
    "override_rate": 0.053,
    "precision": 0.95,
    "recall": 0.91,
    "moved": 19,
    "bounce_rate": 0.0062,
    "audit": _AUDIT,
    "decided_in_s": {"p50": 0.8, "p95": 2.9},
}
_QUEUE = {"waiting": 4, "oldest_s": 0.7, "review": 31, "review_oldest_s": 5400.0}
_ANSWER = {
    "since": _MOMENT,
    "until": _MOMENT,
    "by": "label",
    "decisions": 41230,
    "sampled_share": 1.0,
    "groups": [_GROUP],
    "groups_left_out": 0,
    "queue": _QUEUE,
}


def _example(value: dict[str, Any]) -> ConfigDict:
    return ConfigDict(json_schema_extra={"example": value})


class WantedFigures(BaseModel):
    """Which decisions: on tickets that arrived in a period and fit all that is said."""

    model_config = ConfigDict(extra="forbid")

    by: GroupBy = GroupBy.ALL
    since: Moment | None = Field(
        default=None, description="arrived at or after; 30 days before `until` if absent"
    )
    until: Moment | None = Field(default=None, description="arrived before; now if absent")
    model_version: Word | None = None
    language: Word | None = None
    channel: Word | None = None
    department: Word | None = Field(default=None, description="the primary one")


class Audit(BaseModel):
    """How many decisions are right, by tickets that chance drew: a fair sample of all."""

    model_config = _example(_AUDIT)

    drawn: int
    judged: int = Field(description="of those; until it is all of them, it may be one-sided")
    accuracy: float | None
    low: float | None = Field(description="bounds that hold the true share at 95%")
    high: float | None


class Durations(BaseModel):
    """Seconds from a ticket's arrival to its decision, of first revisions."""

    model_config = _example({"p50": 0.8, "p95": 2.9})

    p50: float | None
    p95: float | None


class Group(BaseModel):
    """Figures of one group; a share of nothing is null."""

    model_config = _example(_GROUP)

    name: str
    tickets: int = Field(description="decided; of a label, those that it was predicted for")
    automatic_share: float | None = Field(
        description="placed by a rule with nothing left for a person to confirm"
    )
    coverage: float | None = Field(description="with any predicted label; null of a label")
    accepted: int
    replaced: int
    skipped: int
    override_rate: float | None = Field(description="replaced, of those accepted or replaced")
    precision: float | None
    recall: float | None
    moved: int = Field(description="that people moved to another department")
    bounce_rate: float | None
    audit: Audit | None = Field(description="null of a label")
    decided_in_s: Durations


class Queue(BaseModel):
    """What waits now, whatever was asked."""

    model_config = _example(_QUEUE)

    waiting: int = Field(description="tickets that are not decided")
    oldest_s: float
    review: int = Field(description="items that wait for a person")
    review_oldest_s: float


class Stats(BaseModel):
    """Figures of a period.

    Where `sampled_share` is under 1, times are those of a sample, and where only some decisions
    were asked for their counts are estimates.
    """

    model_config = _example(_ANSWER)

    since: datetime
    until: datetime
    by: GroupBy
    decisions: int = Field(description="of the period, whatever else was asked")
    sampled_share: float = Field(description="of them that a sample is of")
    groups: list[Group] = Field(description="by name; the 1,000 with most tickets")
    groups_left_out: int
    queue: Queue


def group_of(name: str, found: Figures, by: GroupBy) -> Group:
    """Figures of one group."""
    is_label = by is GroupBy.LABEL
    return Group(
        name=name,
        tickets=found.tickets,
        automatic_share=found.automatic_share,
        coverage=None if is_label else found.coverage,
        **{outcome.value: found.outcomes[outcome] for outcome in Outcome},
        override_rate=found.override_rate,
        precision=found.precision,
        recall=found.recall,
        moved=found.moved,
        bounce_rate=found.bounce_rate,
        audit=None if is_label else _audit(found),
        decided_in_s=Durations(p50=found.p50_s, p95=found.p95_s),
    )


def _audit(found: Figures) -> Audit:
    right = found.accuracy
    return Audit(
        drawn=max(found.drawn, found.audited),
        judged=found.audited,
        accuracy=None if right is None else right.value,
        low=None if right is None else right.low,
        high=None if right is None else right.high,
    )
