import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from trainer.drift.rates import (
    BINS,
    histograms,
    js_distance,
    js_movement,
    psi_movement,
    rate_movement,
    stability_index,
)

_COUNTS = arrays.arrays(np.float64, 8, elements=st.integers(0, 1000).map(float))


@given(_COUNTS, _COUNTS)
def test_distances_are_symmetric_and_none_to_itself(
    first: np.ndarray[tuple[int], np.dtype[np.float64]],
    second: np.ndarray[tuple[int], np.dtype[np.float64]],
) -> None:
    for distance in (stability_index, js_distance):
        assert distance(first, second) == pytest.approx(distance(second, first), abs=1e-9)
        assert distance(first, second) >= -1e-12
        assert distance(first, first) == pytest.approx(0, abs=1e-6)
    assert js_distance(first, second) <= 1


def test_the_index_is_that_of_the_textbook() -> None:
    first, second = np.array([5000.0, 5000.0]), np.array([6000.0, 4000.0])
    assert stability_index(first, second) == pytest.approx(0.1 * np.log(1.5), abs=1e-4)


def test_the_reference_fills_its_bins_evenly() -> None:
    scores = np.random.default_rng(0).random(5000)
    before, after = histograms(scores, scores[:100])
    assert before.tolist() == [500.0] * BINS
    assert after.sum() == 100


def test_equal_scores_share_a_bin() -> None:
    before, after = histograms(np.full(50, 0.2), np.array([0.1, 0.2, 0.3]))
    assert before.sum() == 50
    assert after.tolist() == [2.0, 1.0]


def test_chance_moves_index_and_distance_as_far_as_the_noise_says() -> None:
    chance = np.random.default_rng(1)
    draws = [chance.beta(1, 5, (600, 10)) for _ in range(80)]
    pairs = list(zip(draws[::2], draws[1::2], strict=True))
    index = [psi_movement(*pair) for pair in pairs]
    assert np.mean([m.value for m in index]) == pytest.approx(index[0].noise[0], rel=0.1)
    distance = [js_movement(*pair) for pair in pairs]
    assert np.mean([m.value for m in distance]) == pytest.approx(distance[0].noise[0], rel=0.1)
    for movements in (index, distance):
        p_values = np.concatenate([m.p_value for m in movements])
        assert 0.02 <= (p_values < 0.05).mean() <= 0.09


def test_a_larger_sample_has_less_noise() -> None:
    scores = np.random.default_rng(2).random((4000, 1))
    few, many = psi_movement(scores[:200], scores[200:400]), psi_movement(scores, scores)
    assert many.noise[0] < few.noise[0] / 10


def test_scores_that_moved_are_told_from_those_that_did_not() -> None:
    chance = np.random.default_rng(3)
    before, after = chance.beta(1, 5, (2000, 2)), chance.beta(1, 5, (2000, 2))
    after[:, 1] = chance.beta(2, 5, 2000)
    for movement in (psi_movement(before, after), js_movement(before, after)):
        assert movement.p_value[0] > 0.01
        assert movement.p_value[1] < 1e-6
        assert movement.value[1] > 3 * movement.noise[1]


def test_three_times_the_odds_are_three_whatever_the_rate() -> None:
    for low, high in ((0.02, 0.06 / (0.98 / 0.94)), (0.6, 4.5 / 5.5)):
        before, after = np.zeros((10_000, 1), np.uint8), np.zeros((10_000, 1), np.uint8)
        before[: round(low * 10_000)] = 1
        after[: round(high * 10_000)] = 1
        for pair in ((before, after), (after, before)):
            movement = rate_movement(*pair, alpha=0.01)
            assert movement.value[0] == pytest.approx(3, rel=0.04)
            assert movement.p_value[0] < 1e-6


def test_a_label_that_is_never_predicted_is_quiet() -> None:
    movement = rate_movement(np.zeros((300, 1), np.uint8), np.zeros((300, 1), np.uint8), 0.01)
    assert (movement.value[0], movement.p_value[0]) == (1, 1)


def test_chance_passes_the_noise_of_a_rate_as_seldom_as_it_should() -> None:
    chance = np.random.default_rng(4)
    before, after = ((chance.random((1000, 400)) < 0.1).astype(np.uint8) for _ in range(2))
    movement = rate_movement(before, after, alpha=0.05)
    assert 0.02 <= (movement.value > movement.noise).mean() <= 0.08
    assert (movement.p_value < 0.05).mean() <= 0.06
