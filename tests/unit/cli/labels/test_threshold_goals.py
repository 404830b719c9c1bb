import pytest

from cli.labels.threshold_goals import Wish, goal_of
from core.errors import Invalid
from router.threshold_goals import CostGoal, CoverageGoal, Goal, PrecisionGoal, RecallGoal
from router.thresholds import Ways

_ROUTES = {"refund": ("billing",), "parcel": ("orders", "billing"), "crash": ("desk",)}
_DEPARTMENTS = ("billing", "orders", "desk")


def _goal(wish: Wish) -> Goal | None:
    return goal_of(wish, Ways(routes=_ROUTES, departments=_DEPARTMENTS))


def test_each_option_is_a_goal_and_none_is_none() -> None:
    assert _goal(Wish()) is None
    assert _goal(Wish(precision=0.9)) == PrecisionGoal(target=0.9)
    assert _goal(Wish(recall=0.8)) == RecallGoal(target=0.8)
    assert _goal(Wish(coverage=0.7)) == CoverageGoal(target=0.7)


def test_a_label_costs_what_the_dearest_department_costs_that_it_can_lead_to() -> None:
    goal = _goal(Wish(misroute=("30", "orders=45", "billing=10"), look=4))
    assert goal == CostGoal(misroute=30, look=4, by_label={"refund": 10, "parcel": 45, "crash": 30})


@pytest.mark.parametrize(
    ("wish", "field"),
    [
        (Wish(precision=0.9, recall=0.9), "--precision"),
        (Wish(recall=0.9, misroute=("30",), look=4), "--precision"),
        (Wish(precision=1), "--precision"),
        (Wish(recall=0), "--recall"),
        (Wish(coverage=90), "--coverage"),
        (Wish(misroute=("30",)), "--cost-look-minutes"),
        (Wish(look=4), "--cost-misroute-minutes"),
        (Wish(misroute=("orders=45",), look=4), "--cost-misroute-minutes"),
        (Wish(misroute=("30", "nowhere=45"), look=4), "--cost-misroute-minutes"),
        (Wish(misroute=("much",), look=4), "--cost-misroute-minutes"),
        (Wish(misroute=("-3",), look=4), "--cost-misroute-minutes"),
        (Wish(misroute=("30",), look=0), "--cost-look-minutes"),
    ],
)
def test_what_is_wrong_is_named(wish: Wish, field: str) -> None:
    with pytest.raises(Invalid) as error:
        _goal(wish)
    assert error.value.field == field
