import pytest
from hypothesis import given
from hypothesis import strategies as st

from worker.storms import StormPlan, is_storm

_PLAN = StormPlan(tickets=3, window_s=60, similarity=0.5, quiet_s=600)


@pytest.mark.parametrize(
    ("arrived", "storm"),
    [
        ([0, 30, 60], True),
        ([60, 0, 30], True),
        ([0, 30, 61], False),
        ([0, 100, 110, 120], True),
        ([0, 1], False),
        ([], False),
    ],
)
def test_a_storm_is_so_many_within_the_window_in_whatever_order(
    arrived: list[float], storm: bool
) -> None:
    assert is_storm(arrived, _PLAN) is storm


@given(arrived=st.lists(st.floats(0, 1_000), max_size=40), tickets=st.integers(2, 40))
def test_crowds_of_every_size_are_told(arrived: list[float], tickets: int) -> None:
    plan = StormPlan(tickets=tickets, window_s=60, similarity=0.5, quiet_s=600)
    within = max((sum(0 <= at - one <= 60 for at in arrived) for one in arrived), default=0)

    assert is_storm(arrived, plan) is (within >= tickets)
