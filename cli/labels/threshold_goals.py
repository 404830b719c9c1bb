"""What somebody asks of thresholds on the command line, as a goal."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from core.errors import Invalid
from trainer.operating.goals import CostGoal, CoverageGoal, Goal, PrecisionGoal, RecallGoal

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


def goal_of(
    wish: Wish, routes: Mapping[str, Sequence[str]], departments: Sequence[str]
) -> Goal | None:
    """The goal; None when none was given.

    Args:
        wish: the options.
        routes: the departments that each label can lead to. A label takes the highest cost.
        departments: all that there are.

    Raises:
        Invalid: names the option that is wrong, or all when they are more than one goal.
    """
    goals = [*_shares(wish), *_costs(wish, routes, departments)]
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


def _costs(
    wish: Wish, routes: Mapping[str, Sequence[str]], departments: Sequence[str]
) -> Iterable[Goal]:
    if not wish.misroute and wish.look is None:
        return
    by_department = dict(map(_entry, wish.misroute))
    misroute = by_department.pop("", None)
    if misroute is None:
        fix = "give minutes of any department, and DEPARTMENT=minutes where it differs"
        raise Invalid("--cost-misroute-minutes", "is missing", fix)
    if wish.look is None:
        raise Invalid("--cost-look-minutes", "is missing", "give minutes such as 4")
    if unknown := sorted(by_department.keys() - set(departments)):
        problem = f"names {unknown[0]!r}, which is no department"
        raise Invalid("--cost-misroute-minutes", problem, "name an existing department")
    yield CostGoal(
        misroute=misroute,
        look=_minutes("--cost-look-minutes", wish.look),
        by_label={
            label: max(by_department.get(name, misroute) for name in names)
            for label, names in routes.items()
        },
    )


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
