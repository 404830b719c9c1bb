import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.audit_sample import is_drawn

_KEYS = [f"ticket-{n}" for n in range(20_000)]


def test_the_draw_takes_its_share_and_is_always_the_same() -> None:
    drawn = [is_drawn(key, "2026", 0.05) for key in _KEYS]
    assert sum(drawn) / len(drawn) == pytest.approx(0.05, abs=0.005)
    assert drawn == [is_drawn(key, "2026", 0.05) for key in _KEYS]


def test_another_salt_draws_independently() -> None:
    both = [is_drawn(key, "a", 0.2) and is_drawn(key, "b", 0.2) for key in _KEYS]
    assert sum(both) / len(both) == pytest.approx(0.04, abs=0.006)


@given(st.text(), st.text(), st.floats(0, 1), st.floats(0, 1))
def test_a_larger_share_keeps_what_a_smaller_one_drew(
    key: str, salt: str, first: float, second: float
) -> None:
    small, large = sorted((first, second))
    assert is_drawn(key, salt, large) or not is_drawn(key, salt, small)


def test_nobody_is_drawn_of_nothing_and_everybody_of_all() -> None:
    assert not any(is_drawn(key, "", 0) for key in _KEYS[:100])
    assert all(is_drawn(key, "", 1) for key in _KEYS[:100])
