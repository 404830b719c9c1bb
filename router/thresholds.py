"""Thresholds that reach a goal: chosen by what the active model measured, and let count."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from sqlalchemy import Connection

from classifier.artifacts import Artifact, open_artifact
from core.errors import Invalid
from core.types import Automation, LabelLevel
from router.label_routes import departments_by_label
from router.operating_points import Curves, read_curves
from router.parse import parse_ruleset
from router.policy import make_policy
from router.threshold_goals import (
    Choice,
    CostGoal,
    CoverageGoal,
    Goal,
    choice_at,
    choose,
    minutes,
)
from store.models import model_versions
from store.rules import rulesets, taxonomy

_SHOWN = (Automation.SUGGEST, Automation.PRESELECT)
_DIGITS = 6  # as scores are decided on


@dataclass(frozen=True, slots=True, kw_only=True)
class LabelPlan:
    """One label.

    Attributes:
        before: its level.
        after: its level with the chosen threshold.
        now: the score from which it does what its level lets it.
        choice: the threshold and what it is worth.
        minutes: what is lost a ticket; None unless the goal is about them.
    """

    label: str
    before: LabelLevel
    after: LabelLevel
    now: float
    choice: Choice
    minutes: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What would be done by the figures of a model version; without a goal nothing."""

    model: str
    labels: Sequence[LabelPlan]
    has_goal: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Cost:
    """Minutes: that a misroute costs, in departments where it differs, and that a look takes."""

    misroute: float
    look: float
    by_department: Mapping[str, float]


@dataclass(frozen=True, slots=True, kw_only=True)
class Ways:
    """All departments, and by label those that it can lead to."""

    routes: Mapping[str, Sequence[str]]
    departments: Sequence[str]


def plan_thresholds(connection: Connection, labels: Sequence[str], goal: Goal | None) -> Plan:
    """Chooses thresholds; without a goal it tells today's.

    Args:
        connection: an open transaction.
        labels: names; none for all that the active model knows.
        goal: what they should reach.

    Raises:
        Invalid: names the argument that is wrong, or what the active model lacks.
        ArtifactInvalid: its files are damaged, or not here.
    """
    artifact = _active_artifact(connection)
    curves = read_curves(artifact)
    levels = {label.name: label.level for label in taxonomy.labels(connection)}
    now = _acting(artifact, {x: level for x, level in levels.items() if x in curves.labels})
    choices = _choices(curves, goal, now)
    if labels and isinstance(goal, CoverageGoal):
        raise Invalid("labels", "do not go with a coverage", "it is about all labels together")
    return Plan(
        model=artifact.version,
        labels=[
            _label_plan(label, levels[label], now[label], choices[label], goal)
            for label in _named(labels, now)
        ],
        has_goal=goal is not None,
    )


def apply_plan(connection: Connection, plan: Plan, *, actor: str) -> None:
    """Lets the thresholds of a plan count; workers follow within seconds."""
    for each in plan.labels:
        taxonomy.set_level(connection, each.label, each.after, actor=actor, measured_on=plan.model)


def ways(connection: Connection) -> Ways:
    """Where labels lead by the rules of today."""
    found = rulesets.active(connection)
    return Ways(
        routes=departments_by_label(parse_ruleset(found.document)) if found else {},
        departments=[department.name for department in taxonomy.departments(connection)],
    )


def cost_goal(cost: Cost, there: Ways) -> CostGoal:
    """The goal of losing the fewest minutes; a label costs what its dearest department costs.

    Raises:
        Invalid: a department is unknown.
    """
    if unknown := sorted(cost.by_department.keys() - {*there.departments}):
        raise Invalid(
            "by_department", f"names {unknown[0]!r}, which is no department", "name one that is"
        )
    return CostGoal(
        misroute=cost.misroute,
        look=cost.look,
        by_label={
            label: max(cost.by_department.get(name, cost.misroute) for name in names)
            for label, names in there.routes.items()
        },
    )


def level_after(level: LabelLevel, threshold: float | None) -> LabelLevel:
    """The level with another threshold for what it lets the label do.

    Without a threshold the label falls back to suggestions: it is neither ticked nor does it steer.
    The other of the two scores gives way where a person set it and it would be out of order.
    """
    if threshold is None:
        weaker = level.automation in (Automation.OFF, Automation.SHADOW)
        return level if weaker else replace(level, automation=Automation.SUGGEST)
    score = round(threshold, _DIGITS)
    preselect, auto = level.preselect_from, level.auto_from
    if level.automation in _SHOWN:
        auto = None if auto is None else max(auto, score)
        return replace(level, preselect_from=score, auto_from=auto)
    preselect = None if preselect is None else min(preselect, score)
    return replace(level, preselect_from=preselect, auto_from=score)


def _label_plan(
    label: str, level: LabelLevel, now: float, choice: Choice, goal: Goal | None
) -> LabelPlan:
    return LabelPlan(
        label=label,
        before=level,
        after=level_after(level, choice.threshold) if goal else level,
        now=now,
        choice=choice,
        minutes=minutes(choice, goal, label) if isinstance(goal, CostGoal) else None,
    )


def _active_artifact(connection: Connection) -> Artifact:
    active = model_versions.active(connection)
    if active is None:
        raise Invalid("model", "is not there: none serves", "see `pointsman models list`")
    return open_artifact(active.path)


def _acting(artifact: Artifact, levels: Mapping[str, LabelLevel]) -> dict[str, float]:
    """The score from which each label does what its level lets it."""
    policy = make_policy(artifact.read_json("thresholds.json"), levels)
    return {
        label: own.preselect_from if own.automation in _SHOWN else own.auto_from
        for label, own in policy.by_label.items()
        if label in levels
    }


def _choices(curves: Curves, goal: Goal | None, now: Mapping[str, float]) -> Mapping[str, Choice]:
    if goal is not None:
        return choose(curves, goal)
    return {label: choice_at(curves.labels[label], cut) for label, cut in now.items()}


def _named(labels: Sequence[str], known: Mapping[str, float]) -> Sequence[str]:
    """The labels asked for; all when none was."""
    for label in labels:
        if label not in known:
            problem = f"{label!r} was not measured by the active model"
            raise Invalid("labels", problem, f"name one of {', '.join(sorted(known)) or 'none'}")
    return list(dict.fromkeys(labels)) or sorted(known)
