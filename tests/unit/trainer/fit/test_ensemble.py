import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy.optimize import approx_fprime

from trainer.fit.ensemble import cross_entropy, cross_fitted, fit_ensemble
from trainer.operating.calibration import fit_calibration
from trainer.operating.held_out import HeldOut

_LABELS = ("a", "b")

Array = NDArray[np.float64]


def _views(*noise: float, rows: int = 1500, seed: int = 0) -> tuple[NDArray[np.uint8], list[Array]]:
    """Truth, and models that each see it through noise of their own."""
    chance = np.random.default_rng(seed)
    truth = (chance.random((rows, 2)) < 0.25).astype(np.uint8)
    return truth, [truth * 3.0 - 1 + chance.normal(0, sd, truth.shape) for sd in noise]


def _alone(part: Array, truth: NDArray[np.uint8]) -> float:
    calibration = fit_calibration(part, truth, _LABELS)
    logits = np.asarray(calibration.slope) * part + np.asarray(calibration.intercept)
    return cross_entropy(logits, truth)


def test_models_that_err_apart_are_better_together() -> None:
    truth, parts = _views(1.5, 1.5, 1.5)
    ensemble = fit_ensemble(parts, truth, _LABELS)
    assert min(ensemble.weights) > 0.2
    fresh, views = _views(1.5, 1.5, 1.5, seed=1)
    best = min(_alone(part, fresh) for part in views)
    assert cross_entropy(ensemble.logits(views), fresh) < 0.85 * best


def test_a_model_that_knows_nothing_gets_next_to_no_weight() -> None:
    truth, parts = _views(0.5, 1000.0)
    assert fit_ensemble(parts, truth, _LABELS).weights[0] > 0.95


def test_the_scale_of_raw_scores_plays_no_part() -> None:
    truth, (first, second) = _views(1.0, 2.0)
    plain = fit_ensemble([first, second], truth, _LABELS)
    scaled = fit_ensemble([first, 40 * second + 7], truth, _LABELS)
    assert scaled.weights == pytest.approx(plain.weights, abs=0.01)


@given(st.lists(st.floats(0.1, 30), min_size=1, max_size=4), st.integers(0, 99), st.integers(2, 60))
@settings(deadline=None, max_examples=30)
def test_no_member_is_better_on_the_fitting_rows(noise: list[float], seed: int, rows: int) -> None:
    truth, parts = _views(*noise, rows=rows, seed=seed)
    ensemble = fit_ensemble(parts, truth, _LABELS)
    assert min(ensemble.weights) >= 0
    assert sum(ensemble.weights) == pytest.approx(1)
    best = min(_alone(part, truth) for part in parts)
    assert cross_entropy(ensemble.logits(parts), truth) <= best + 1e-9


def test_no_step_on_the_simplex_costs_less() -> None:
    truth, parts = _views(1.0, 1.5, 3.0)
    ensemble = fit_ensemble(parts, truth, _LABELS)
    z = [
        np.asarray(c.slope) * part + np.asarray(c.intercept)
        for c, part in zip(ensemble.calibrations, parts, strict=True)
    ]

    def cost(weights: Array) -> float:
        return cross_entropy(np.tensordot(weights, z, axes=1), truth)

    weights = np.array(ensemble.weights)
    gradient = approx_fprime(weights, cost, 1e-6)
    inside = weights > 0.01
    assert inside.sum() >= 2
    assert gradient[inside] == pytest.approx(gradient.min(), abs=1e-3)


def test_half_of_the_rows_is_scored_by_what_the_other_half_chose() -> None:
    truth, parts = _views(1.0, 2.0, rows=400)
    texts = [str(row) for row in range(400)]
    held_out = HeldOut(texts=texts, labels=_LABELS, logits=parts[0], truth=truth)
    found = cross_fitted(parts, held_out, seed=0)
    first, second = held_out.halves(seed=0)
    other = fit_ensemble([part[second] for part in parts], truth[second], _LABELS)
    np.testing.assert_allclose(found[first], other.logits([part[first] for part in parts]))


def test_cross_entropy_is_finite_for_scores_of_any_size() -> None:
    sure = np.array([[1e4, -1e4]])
    assert cross_entropy(sure, np.array([[1, 0]], dtype=np.uint8)) == 0
    assert cross_entropy(sure, np.array([[0, 1]], dtype=np.uint8)) == 1e4
