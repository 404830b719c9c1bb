import numpy as np
import pytest
from numpy.typing import NDArray

from trainer.drift.distance import Distance, mean_distance


def _measured(first: NDArray[np.float64], second: NDArray[np.float64]) -> Distance:
    return mean_distance(first, second, permutations=99, alpha=0.05, seed=0)


def _cloud(seed: int, centre: float = 0.0, spread: float = 1.0) -> NDArray[np.float64]:
    return np.random.default_rng(seed).normal(centre, spread, (150, 5))


def test_clouds_from_one_source_are_as_far_apart_as_chance_puts_them() -> None:
    found = [_measured(_cloud(seed), _cloud(1000 + seed)) for seed in range(60)]
    assert np.mean([d.p_value <= 0.05 for d in found]) <= 0.12
    assert 0.3 <= np.mean([d.p_value for d in found]) <= 0.7


def test_a_shift_and_a_spread_are_both_seen() -> None:
    for other in (_cloud(1, centre=0.5), _cloud(1, spread=2)):
        found = _measured(_cloud(0), other)
        assert found.p_value == 0.01
        assert found.value > 2 * found.noise


def test_clouds_that_do_not_touch_are_as_far_apart_as_the_scale_goes() -> None:
    near, far = _measured(_cloud(0), _cloud(1, centre=0.5)), _measured(_cloud(0), _cloud(1, 50))
    assert near.value < 0.5
    # Inside a cloud the kernel is nearly 1, between clouds the median distance makes it 1 / e.
    assert far.value == pytest.approx(np.sqrt(2 - 2 / np.e), abs=0.05)


def test_the_order_of_the_windows_does_not_matter() -> None:
    first, second = _cloud(0), _cloud(1, centre=0.4)[:90]
    assert abs(_measured(first, second).value - _measured(second, first).value) < 1e-9


def test_points_that_are_all_alike_have_no_distance() -> None:
    found = _measured(np.ones((20, 3)), np.ones((20, 3)))
    assert (found.value, found.p_value) == (0, 1)
