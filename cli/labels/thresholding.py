"""Thresholds that reach a goal: chosen by what the active model measured, and let count."""

import getpass
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from sqlalchemy import Connection, Engine

from classifier.artifacts import Artifact, open_artifact
from cli.labels.threshold_goals import Wish, goal_of
from core.errors import Invalid
from core.types import Automation, LabelLevel
from router.label_routes import departments_by_label
from router.parse import parse_ruleset
from router.policy import make_policy
from store import model_versions, rulesets, taxonomy
from store.engine import transaction
from trainer.operating.curves import Curves, read_curves
from trainer.operating.goals import Choice, CostGoal, CoverageGoal, Goal, choice_at, choose, minutes

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
    """What would be done, or was, by the figures of a model version; without a goal nothing."""

    model: str
    labels: Sequence[LabelPlan]
    has_goal: bool
    is_applied: bool


def plan_thresholds(engine: Engine, labels: Sequence[str], wish: Wish, *, apply: bool) -> Plan:
    """Chooses thresholds and lets them count if asked to; without a goal it tells today's.

    Args:
        engine: the database.
        labels: names; none for all that the active model knows.
        wish: the goal.
        apply: whether to change anything.

    Raises:
        Invalid: names the argument that is wrong, or what the active model lacks.
        ArtifactInvalid: its files are damaged.
    """

    def work(connection: Connection) -> Plan:
        plan = _plan(connection, labels, wish)
        if apply and not plan.has_goal:
            raise Invalid("--apply", "has no goal", "give one, such as --precision 0.9")
        for each in plan.labels if apply else ():
            taxonomy.set_level(connection, each.label, each.after, actor=getpass.getuser())
        return replace(plan, is_applied=apply)

    return transaction(engine, work)


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


def _plan(connection: Connection, labels: Sequence[str], wish: Wish) -> Plan:
    artifact = _active_artifact(connection)
    curves, goal = read_curves(artifact), _goal(connection, wish)
    levels = {label.name: label.level for label in taxonomy.labels(connection)}
    now = _acting(artifact, {x: level for x, level in levels.items() if x in curves.labels})
    choices = _choices(curves, goal, now)
    if labels and isinstance(goal, CoverageGoal):
        raise Invalid("LABEL", "does not go with --coverage", "it is about all labels together")
    return Plan(
        model=artifact.version,
        labels=[
            LabelPlan(
                label=label,
                before=levels[label],
                after=level_after(levels[label], choices[label].threshold)
                if goal
                else levels[label],
                now=now[label],
                choice=choices[label],
                minutes=minutes(choices[label], goal, label)
                if isinstance(goal, CostGoal)
                else None,
            )
            for label in _named(labels, now)
        ],
        has_goal=goal is not None,
        is_applied=False,
    )


def _active_artifact(connection: Connection) -> Artifact:
    active = model_versions.active(connection)
    if active is None:
        raise Invalid("model", "is not there: none serves", "see `pointsman models list`")
    return open_artifact(active.path)


def _goal(connection: Connection, wish: Wish) -> Goal | None:
    ruleset = rulesets.active(connection)
    routes = departments_by_label(parse_ruleset(ruleset.document)) if ruleset else {}
    departments = [department.name for department in taxonomy.departments(connection)]
    return goal_of(wish, routes, departments)


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
            raise Invalid("LABEL", problem, f"name one of {', '.join(sorted(known)) or 'none'}")
    return list(dict.fromkeys(labels)) or sorted(known)
