import numpy as np
import pytest
from numpy.typing import NDArray

from trainer.drift.shares import MIN_EXPLAINED, odds_ratio, share_movement


def _scores(share: float, count: int, seed: int) -> NDArray[np.float64]:
    """Scores (b, 1) that are calibrated where the label is on one of five tickets.

    What a ticket looks like, given its label, is the same for every share.
    """
    chance = np.random.default_rng(seed)
    truth = chance.random(count) < share
    seen = chance.normal(np.where(truth, 1.5, 0.0), 1.0)
    log_odds = 1.5 * seen - 1.5**2 / 2 + np.log(0.2 / 0.8)
    return np.asarray(1 / (1 + np.exp(-log_odds)))[:, None]


@pytest.mark.parametrize("share", [0.1, 0.2, 0.4, 0.6])
def test_the_share_is_found_where_the_mean_score_falls_short_of_it(share: float) -> None:
    movement = share_movement(_scores(0.2, 20_000, 1), _scores(share, 20_000, 2), 0.01)
    assert movement.reference[0] == pytest.approx(0.2, abs=0.01)
    assert movement.current[0] == pytest.approx(share, abs=0.02)
    if share == 0.6:
        assert _scores(share, 20_000, 2).mean() < 0.45


def test_a_quiet_stream_has_even_p_values() -> None:
    before, after = (
        np.hstack([_scores(0.2, 500, seed) for seed in seeds])
        for seeds in (range(300), range(300, 600))
    )
    movement = share_movement(before, after, 0.05)
    assert 0.02 <= (movement.p_value < 0.05).mean() <= 0.085
    assert 0.02 <= (movement.value > movement.noise).mean() <= 0.085


def test_a_model_that_cannot_tell_the_label_does_not_say_its_share_loudly() -> None:
    chance = np.random.default_rng(3)
    before, after = (np.clip(chance.normal(m, 0.001, (5000, 1)), 0, 1) for m in (0.01, 0.011))
    movement = share_movement(before, after, 0.01)
    assert movement.current[0] == pytest.approx(0.01 + 0.001 / MIN_EXPLAINED, abs=1e-3)


def test_scores_without_any_spread_are_finite() -> None:
    same = np.full((300, 1), 0.0)
    for after in (same, np.full((300, 1), 1.0)):
        movement = share_movement(same, after, 0.01)
        parts = (movement.value, movement.noise, movement.p_value, movement.current)
        assert all(np.isfinite(part).all() for part in parts)


def test_odds_ratios_do_not_know_before_and_after() -> None:
    first, second = np.array([0.02, 0.5]), np.array([0.5, 0.02])
    assert odds_ratio(first, second).tolist() == pytest.approx([49, 49])
