from hypothesis import given
from hypothesis import strategies as st

from core.intervals import share_interval, wilson_interval


@given(st.floats(0, 1), st.floats(1, 1e6))
def test_an_interval_contains_its_share(share: float, n: float) -> None:
    low, high = wilson_interval(share, n, 0.95)
    assert 0 <= low <= share + 1e-9
    assert share - 1e-9 <= high <= 1


def test_a_share_of_nothing_is_none_and_a_sure_one_still_has_a_width() -> None:
    assert share_interval(0, 0) is None
    sure = share_interval(20, 20)
    assert sure is not None
    assert (sure.value, sure.high) == (1, 1)
    assert 0.8 < sure.low < 0.9
