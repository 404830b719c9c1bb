"""Thresholds and levels as they stand, as a goal would have them, and saved."""

from typing import Any

from sqlalchemy import Connection

from classifier.content_id import object_id
from core.errors import ArtifactInvalid, Invalid
from core.types import ControlledArea
from router.thresholds import LabelPlan, Plan, plan_thresholds, ways
from store.engine import one_moment
from store.models import model_versions
from store.rules import taxonomy
from store.rules.taxonomy import Label
from web.api.control.gate import Change
from web.api.thresholds.schemas import (
    LabelThreshold,
    Level,
    LevelsChange,
    LevelsIn,
    Preview,
    PreviewedLabel,
    Thresholds,
    Wish,
    figures_of,
)
from web.etags import must_match
from web.problems import Problem


def version_of(connection: Connection) -> str:
    """What stands: levels, scores, what they were measured on, and the model that serves."""
    labels = {
        label.name: [_level(label).model_dump(mode="json"), label.measured_on]
        for label in taxonomy.labels(connection)
    }
    return object_id({"labels": labels, "model": _serving(connection)})


def told(connection: Connection) -> tuple[Thresholds, str]:
    """Every label today, and the version of that."""
    one_moment(connection)
    return standing(connection), version_of(connection)


def standing(connection: Connection) -> Thresholds:
    """Every label today; without figures where the active model's cannot be read here."""
    plans = {plan.label: plan for plan in _todays(connection)}
    model = _serving(connection)
    return Thresholds(
        model=model,
        labels=[
            _threshold(label, plans.get(label.name), model) for label in taxonomy.labels(connection)
        ],
    )


def previewed(connection: Connection, wish: Wish) -> tuple[Preview, str]:
    """What a goal would make of the labels, and the version of what stands; nothing is changed.

    Raises:
        Problem: no model serves that knows what its thresholds are worth.
        Invalid: names what is wrong with the wish.
    """
    one_moment(connection)
    goal = wish.goal(ways(connection))
    try:
        plan = plan_thresholds(connection, wish.labels, goal)
    except ArtifactInvalid as error:
        raise Problem("conflict", "The files of the active model cannot be read here.") from error
    except Invalid as error:
        if error.field != "model":
            raise
        raise Problem("conflict", f"The model {error.problem}; {error.fix}.") from error
    return _preview(plan), version_of(connection)


def save_levels(connection: Connection, change: LevelsChange, by: str) -> Thresholds:
    """Lets levels and scores count; workers follow within seconds.

    Raises:
        Problem: something else stands than what the change was made on.
        Invalid: a label is not in use, or its scores are out of order.
    """
    taxonomy.hold_still(connection)
    must_match(
        change.made_on,
        version_of(connection),
        current=_levels_object(connection),
        yours=change.model_dump(mode="json", exclude={"made_on"}),
    )
    for name, level in change.labels.items():
        taxonomy.set_level(
            connection, name, level.as_level, actor=by, measured_on=change.measured_on
        )
    return standing(connection)


def saved(connection: Connection, change: LevelsChange, by: str) -> tuple[Thresholds, str]:
    """The same, with the version of what stands then."""
    return save_levels(connection, change, by), version_of(connection)


SAVE = Change(name="thresholds.save", area=ControlledArea.THRESHOLDS, body=LevelsChange, make=saved)


def _todays(connection: Connection) -> list[LabelPlan]:
    try:
        return list(plan_thresholds(connection, (), None).labels)
    except (ArtifactInvalid, Invalid):
        return []


def _serving(connection: Connection) -> str | None:
    active = model_versions.active(connection)
    return None if active is None else active.version


def _levels_object(connection: Connection) -> dict[str, Any]:
    return {
        label.name: _level(label).model_dump(mode="json") for label in taxonomy.labels(connection)
    }


def _level(label: Label) -> Level:
    return Level.model_validate(label.level)


def _threshold(label: Label, plan: LabelPlan | None, model: str | None) -> LabelThreshold:
    return LabelThreshold(
        label=label.name,
        level=_level(label),
        acts_from=None if plan is None else plan.now,
        measured_on=label.measured_on,
        stale=label.measured_on is not None and label.measured_on != model,
        figures=None if plan is None else figures_of(plan),
    )


def _preview(plan: Plan) -> Preview:
    after = {each.label: Level.model_validate(each.after) for each in plan.labels}
    return Preview(
        model=plan.model,
        labels=[
            PreviewedLabel(
                label=each.label,
                before=Level.model_validate(each.before),
                after=after[each.label],
                acts_from=each.now,
                figures=figures_of(each),
                minutes=each.minutes,
            )
            for each in plan.labels
        ],
        change=LevelsIn.model_construct(labels=after, measured_on=plan.model),
    )
