"""Thresholds that somebody asks for on the command line, shown and let count."""

import getpass
from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, Engine

from cli.labels.threshold_goals import Wish, goal_of
from core.errors import Invalid
from router.thresholds import Plan, apply_plan, plan_thresholds, ways
from store.engine import transaction


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """A plan, and whether it counts from now on."""

    plan: Plan
    is_applied: bool


def thresholds_for(engine: Engine, labels: Sequence[str], wish: Wish, *, apply: bool) -> Shown:
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

    def work(connection: Connection) -> Shown:
        plan = plan_thresholds(connection, labels, goal_of(wish, ways(connection)))
        if apply and not plan.has_goal:
            raise Invalid("--apply", "has no goal", "give one, such as --precision 0.9")
        if apply:
            apply_plan(connection, plan, actor=getpass.getuser())
        return Shown(plan=plan, is_applied=apply)

    return transaction(engine, work)
