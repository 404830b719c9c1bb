import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from classifier.scoring import sigmoid
from trainer.measure.metrics import calibration_error
from trainer.operating.calibration import fit_calibration


def _drawn(
    seed: int, rows: int, slope: NDArray[np.float64], intercept: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.uint8]]:
    """Raw scores, and truth that is as probable as the line says."""
    chance = np.random.default_rng(seed)
    logits = chance.normal(0, 2, (rows, len(slope)))
    truth = chance.random(logits.shape) < sigmoid(slope * logits + intercept)
    return logits, truth.astype(np.uint8)


def test_the_line_that_made_the_truth_is_found() -> None:
    slope, intercept = np.array([0.5, 1.0, 2.0]), np.array([-1.0, 0.0, 1.0])
    logits, truth = _drawn(0, 20_000, slope, intercept)
    found = fit_calibration(logits, truth, ["a", "b", "c"])
    assert found.slope == pytest.approx(slope, rel=0.08)
    assert found.intercept == pytest.approx(intercept, abs=0.08)
    assert calibration_error(truth, found.scores(logits)) < 0.01


def test_a_rare_label_is_held_to_the_slope_of_the_others() -> None:
    logits, truth = _drawn(1, 2000, np.array([2.0, 2.0]), np.zeros(2))
    truth[:, 1] = 0
    truth[:3, 1] = 1
    found = fit_calibration(logits, truth, ["common", "rare"])
    assert found.slope[1] == pytest.approx(found.slope[0], rel=0.5)
    assert found.scores(logits)[:, 1].mean() < 0.01


@given(st.integers(0, 10**6), st.integers(1, 40), st.floats(1e-3, 1e3))
def test_any_scores_give_finite_rising_lines(seed: int, rows: int, scale: float) -> None:
    chance = np.random.default_rng(seed)
    logits = chance.normal(0, scale, (rows, 3))
    logits[:, 2] = 1.0
    truth = chance.integers(0, 2, (rows, 3)).astype(np.uint8)
    found = fit_calibration(logits, truth, ["a", "b", "constant"])
    assert np.isfinite([found.slope, found.intercept]).all()
    assert min(found.slope) > 0
