"""What somebody asks of thresholds on the command line, as a goal."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from core.errors import Invalid
from router.threshold_goals import CoverageGoal, Goal, PrecisionGoal, RecallGoal
from router.thresholds import Cost, Ways, cost_goal

_OPTIONS = "--precision, --recall, --coverage, or both --cost-… options"


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """The options as they were given; None and () where they were not.

    Attributes:
        misroute: minutes, and `DEPARTMENT=minutes` for departments that differ.
        look: minutes.
    """

    precision: float | None = None
    recall: float | None = None
    coverage: float | None = None
    misroute: Sequence[str] = ()
    look: float | None = None


def goal_of(wish: Wish, there: Ways) -> Goal | None:
    """The goal; None when none was given.

    Args:
        wish: the options.
        there: where labels lead.

    Raises:
        Invalid: names the option that is wrong, or all when they are more than one goal.
    """
    goals = [*_shares(wish), *_costs(wish, there)]
    if len(goals) > 1:
        raise Invalid("--precision", "is one goal of several", f"give one of {_OPTIONS}")
    return goals[0] if goals else None


def _shares(wish: Wish) -> Iterable[Goal]:
    if wish.precision is not None:
        yield PrecisionGoal(target=_share("--precision", wish.precision))
    if wish.recall is not None:
        yield RecallGoal(target=_share("--recall", wish.recall))
    if wish.coverage is not None:
        yield CoverageGoal(target=_share("--coverage", wish.coverage))


def _costs(wish: Wish, there: Ways) -> Iterable[Goal]:
    if not wish.misroute and wish.look is None:
        return
    by_department = dict(map(_entry, wish.misroute))
    misroute = by_department.pop("", None)
    if misroute is None:
        fix = "give minutes of any department, and DEPARTMENT=minutes where it differs"
        raise Invalid("--cost-misroute-minutes", "is missing", fix)
    if wish.look is None:
        raise Invalid("--cost-look-minutes", "is missing", "give minutes such as 4")
    look = _minutes("--cost-look-minutes", wish.look)
    try:
        yield cost_goal(Cost(misroute=misroute, look=look, by_department=by_department), there)
    except Invalid as error:
        raise Invalid("--cost-misroute-minutes", error.problem, error.fix) from error


def _entry(given: str) -> tuple[str, float]:
    """`orders=45` as ("orders", 45.0), `30` as ("", 30.0)."""
    department, _, number = given.rpartition("=")
    try:
        return department, _minutes("--cost-misroute-minutes", float(number))
    except ValueError as error:
        problem = f"{given!r} is no number of minutes"
        raise Invalid("--cost-misroute-minutes", problem, "give 30 or orders=45") from error


def _minutes(option: str, value: float) -> float:
    if not 0 < value < float("inf"):
        raise Invalid(option, f"{value:g} is no cost", "give minutes over 0")
    return value


def _share(option: str, value: float) -> float:
    if not 0 < value < 1:
        raise Invalid(
            option, f"{value:g} is no target", "give a share between 0 and 1, such as 0.9"
        )
    return value
