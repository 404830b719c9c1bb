"""The shapes of thresholds and levels; each field means what `docs/api.md` says."""

from collections.abc import Mapping
from typing import Annotated, Any, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from core.types import Automation, LabelLevel
from router.threshold_goals import CoverageGoal, Goal, PrecisionGoal, RecallGoal
from router.thresholds import Cost, LabelPlan, Ways, cost_goal
from web.api.words import Word

_Score = Annotated[float, Field(ge=0, le=1)]
_Target = Annotated[float, Field(gt=0, lt=1)]
_Minutes = Annotated[float, Field(gt=0, le=1e6)]
_LEVEL = {"automation": "auto", "preselect_from": 0.4, "auto_from": 0.82}
_SHARE = {"value": 0.93, "low": 0.9, "high": 0.95}
_FIGURES = {
    "threshold": 0.82,
    "precision": _SHARE,
    "recall": {"value": 0.61, "low": 0.57, "high": 0.65},
    "coverage": {"value": 0.12, "low": 0.11, "high": 0.13},
    "tickets": 214,
}


def _example(value: dict[str, Any]) -> ConfigDict:
    return ConfigDict(json_schema_extra={"example": value})


class Level(BaseModel):
    """What a label may do by itself; `auto_from` is never below `preselect_from`."""

    model_config = ConfigDict(extra="forbid", from_attributes=True, **_example(_LEVEL))

    automation: Automation = Automation.AUTO
    preselect_from: _Score | None = Field(
        default=None,
        description="The score from which agents find it ticked; null for the model's threshold.",
    )
    auto_from: _Score | None = Field(
        default=None, description="The score from which it steers rules; likewise."
    )

    @property
    def as_level(self) -> LabelLevel:
        """As the core knows it."""
        return LabelLevel(**self.model_dump())


class ShareOut(BaseModel):
    """A part of some cases, with the bounds between which it lies with 90 %."""

    model_config = ConfigDict(from_attributes=True, **_example(_SHARE))

    value: float
    low: float
    high: float


class Figures(BaseModel):
    """What a threshold is worth on tickets that the model did not learn from.

    `threshold` is null for never, `is_common` where it is that of all labels together because the
    label is rare; `tickets` carried it.
    """

    model_config = _example({**_FIGURES, "is_common": False})

    threshold: float | None
    is_common: bool
    precision: ShareOut
    recall: ShareOut
    coverage: ShareOut
    tickets: int


class LabelThreshold(BaseModel):
    """One label today.

    `acts_from` is the score from which it does what its level lets it, null where no model that
    can be read serves it. `measured_on` is the model version by whose figures a person chose its
    scores; `stale` says that another one serves now, so that they may be worth something else.
    """

    model_config = _example(
        {
            "label": "refund",
            "level": _LEVEL,
            "acts_from": 0.82,
            "measured_on": "2217492d",
            "stale": False,
            "figures": {**_FIGURES, "is_common": False},
        }
    )

    label: str
    level: Level
    acts_from: float | None
    measured_on: str | None
    stale: bool
    figures: Figures | None


class Thresholds(BaseModel):
    """All labels, and the model that serves."""

    model_config = _example(
        {
            "model": "2217492d",
            "labels": [
                {
                    "label": "refund",
                    "level": _LEVEL,
                    "acts_from": 0.82,
                    "measured_on": "2217492d",
                    "stale": False,
                    "figures": {**_FIGURES, "is_common": False},
                }
            ],
        }
    )

    model: str | None
    labels: list[LabelThreshold]


class CostIn(BaseModel):
    """Minutes lost by a misroute, by departments in which that differs, and by a look."""

    model_config = ConfigDict(
        extra="forbid",
        **_example({"misroute_minutes": 30, "look_minutes": 4, "by_department": {"legal": 90}}),
    )

    misroute_minutes: _Minutes
    look_minutes: _Minutes
    by_department: Annotated[dict[Word, _Minutes], Field(max_length=500)] = Field(
        default_factory=dict
    )


class Wish(BaseModel):
    """What thresholds should reach: exactly one goal."""

    model_config = ConfigDict(extra="forbid", **_example({"precision": 0.9, "labels": ["refund"]}))

    precision: _Target | None = Field(
        default=None, description="Share of predictions that has to be right."
    )
    recall: _Target | None = Field(
        default=None, description="Share of tickets with the label that has to be found."
    )
    coverage: _Target | None = Field(
        default=None, description="Share of tickets that has to get a label; of all labels."
    )
    cost: CostIn | None = Field(default=None, description="The fewest minutes lost.")
    labels: Annotated[list[Word], Field(max_length=500)] = Field(
        default_factory=list, description="Which labels; all if empty."
    )

    @model_validator(mode="after")
    def _one_goal(self) -> Self:
        goals = (self.precision, self.recall, self.coverage, self.cost)
        if sum(goal is not None for goal in goals) != 1:
            raise ValueError("give one of precision, recall, coverage, cost")
        return self

    def goal(self, there: Ways) -> Goal:
        """As the router knows it.

        Raises:
            Invalid: a department is unknown.
        """
        if self.precision is not None:
            return PrecisionGoal(target=self.precision)
        if self.recall is not None:
            return RecallGoal(target=self.recall)
        if self.coverage is not None:
            return CoverageGoal(target=self.coverage)
        assert self.cost is not None, "the validator has seen to it"
        minutes = Cost(
            misroute=self.cost.misroute_minutes,
            look=self.cost.look_minutes,
            by_department=self.cost.by_department,
        )
        return cost_goal(minutes, there)


class LevelsIn(BaseModel):
    """Levels and scores of some labels; those that are not named stay as they are."""

    model_config = ConfigDict(
        extra="forbid", **_example({"labels": {"refund": _LEVEL}, "measured_on": "2217492d"})
    )

    labels: Annotated[dict[Word, Level], Field(min_length=1, max_length=500)]
    measured_on: Word | None = Field(
        default=None,
        description="The model version by whose figures they were chosen, as a preview gives it.",
    )


class LevelsChange(LevelsIn):
    """The change with what it was made on, so that it can wait for a second person."""

    made_on: str | None


class PreviewedLabel(BaseModel):
    """One label: what the goal would make of it, and what that is worth.

    `minutes` are lost a ticket, null unless the goal is about them.
    """

    model_config = _example(
        {
            "label": "refund",
            "before": {"automation": "auto", "preselect_from": None, "auto_from": None},
            "after": _LEVEL,
            "acts_from": 0.5,
            "figures": {**_FIGURES, "is_common": False},
            "minutes": None,
        }
    )

    label: str
    before: Level
    after: Level
    acts_from: float
    figures: Figures
    minutes: float | None


class Preview(BaseModel):
    """What would be saved, ready to be put with this answer's `ETag` as `If-Match`."""

    model_config = _example(
        {
            "model": "2217492d",
            "labels": [
                {
                    "label": "refund",
                    "before": {"automation": "auto", "preselect_from": None, "auto_from": None},
                    "after": _LEVEL,
                    "acts_from": 0.5,
                    "figures": {**_FIGURES, "is_common": False},
                    "minutes": None,
                }
            ],
            "change": {"labels": {"refund": _LEVEL}, "measured_on": "2217492d"},
        }
    )

    model: str
    labels: list[PreviewedLabel]
    change: LevelsIn


def figures_of(plan: LabelPlan) -> Figures:
    """The figures of a plan's choice."""
    choice = plan.choice
    shares: Mapping[str, Any] = {
        name: ShareOut.model_validate(getattr(choice, name))
        for name in ("precision", "recall", "coverage")
    }
    return Figures(
        threshold=choice.threshold,
        is_common=choice.is_common,
        tickets=choice.curve.positives,
        **shares,
    )
