import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from classifier.scoring import sigmoid
from trainer.fit.losses import Asymmetric, DistributionBalanced, Focal, LossName, make_loss
from trainer.fit.weights import Weighting

Array = NDArray[np.float64]

_TRUTH = np.array(
    [[1, 0, 0], [1, 1, 0], [0, 0, 0], [1, 0, 0], [0, 1, 0], [1, 0, 0]], dtype=np.uint8
)
_Z = np.random.default_rng(0).normal(scale=2, size=_TRUTH.shape)
_POSITIVES = np.array([4.0, 2.0, 1.0])  # a label without any counts as one with one


def _value(name: LossName, z: Array = _Z, y: Array | NDArray[np.uint8] = _TRUTH) -> float:
    loss = make_loss(name, _TRUTH, Weighting.RATIO)
    return float(loss(torch.from_numpy(z), torch.from_numpy(y)))


def _bce(z: Array, y: Array | NDArray[np.uint8]) -> Array:
    p = sigmoid(z)
    return np.asarray(-(y * np.log(p) + (1 - y) * np.log(1 - p)), dtype=np.float64)


def test_weighted_cross_entropy_is_its_formula() -> None:
    p, weight = sigmoid(_Z), np.array([1, 2, 20])
    expected = -(weight * _TRUTH * np.log(p) + (1 - _TRUTH) * np.log(1 - p)).mean()
    assert _value(LossName.BCE) == pytest.approx(expected, rel=1e-5)


def test_focal_loss_is_its_formula() -> None:
    p_t = np.where(_TRUTH, sigmoid(_Z), 1 - sigmoid(_Z))
    alpha_t = np.where(_TRUTH, 0.25, 0.75)
    expected = (-alpha_t * (1 - p_t) ** 2 * np.log(p_t)).mean()
    assert _value(LossName.FOCAL) == pytest.approx(expected, rel=1e-5)


def test_focal_loss_without_focus_is_half_of_cross_entropy() -> None:
    found = Focal(gamma=0, alpha=0.5)(torch.from_numpy(_Z), torch.from_numpy(_TRUTH))
    assert float(found) == pytest.approx(_bce(_Z, _TRUTH).mean() / 2, rel=1e-5)


def test_asymmetric_loss_is_its_formula() -> None:
    p = sigmoid(_Z)
    p_m = np.maximum(p - 0.05, 0)
    expected = -(_TRUTH * np.log(p) + (1 - _TRUTH) * p_m**4 * np.log(1 - p_m)).mean()
    assert _value(LossName.ASYMMETRIC) == pytest.approx(expected, rel=1e-5)


def test_a_negative_under_the_margin_costs_nothing() -> None:
    nothing, target = torch.tensor([[-3.5]]), torch.zeros(1, 1)
    assert float(Asymmetric(margin=0.05)(nothing, target)) == 0
    assert float(Asymmetric(margin=0.01)(nothing, target)) > 0


def test_class_balanced_loss_is_its_formula() -> None:
    weight = (1 - 0.9999) / (1 - 0.9999**_POSITIVES)
    expected = (weight / weight.mean() * _bce(_Z, _TRUTH)).mean()
    assert _value(LossName.CLASS_BALANCED) == pytest.approx(expected, rel=1e-5)


def test_distribution_balanced_loss_is_its_formula() -> None:
    drawn = (_TRUTH / _POSITIVES).sum(axis=1, keepdims=True)
    ratio = np.divide(1 / _POSITIVES, drawn, out=np.ones(_Z.shape), where=drawn > 0)
    weight = 0.1 + sigmoid(10 * (ratio - 0.2))
    shifted = _Z - 0.05 * np.log(6 / _POSITIVES - 1)
    cost = np.where(_TRUTH, np.log1p(np.exp(-shifted)), np.log1p(np.exp(2 * shifted)) / 2)
    expected = (weight * cost).mean()
    assert _value(LossName.DISTRIBUTION_BALANCED) == pytest.approx(expected, rel=1e-5)


def test_without_bias_and_tolerance_only_the_weights_are_left() -> None:
    positives = torch.from_numpy(_POSITIVES)
    loss = DistributionBalanced(positives=positives, rows=6, lift=1, steepness=0, bias=0)
    plain = DistributionBalanced(
        positives=positives, rows=6, lift=1, steepness=0, bias=0, tolerance=1
    )
    z, y = torch.from_numpy(_Z), torch.from_numpy(_TRUTH)
    assert float(plain(z, y)) == pytest.approx(1.5 * _bce(_Z, _TRUTH).mean(), rel=1e-5)
    assert float(loss(z, y)) != pytest.approx(float(plain(z, y)), rel=1e-2)


@pytest.mark.parametrize("name", LossName)
def test_the_gradient_is_that_of_the_value(name: LossName) -> None:
    z = torch.from_numpy(_Z).requires_grad_()
    (gradient,) = torch.autograd.grad(
        make_loss(name, _TRUTH, Weighting.SQRT)(z, torch.from_numpy(_TRUTH)), z
    )
    step = 1e-2
    for place in np.ndindex(_Z.shape):
        moved = np.zeros_like(_Z)
        moved[place] = step
        loss = make_loss(name, _TRUTH, Weighting.SQRT)
        up, down = (
            float(loss(torch.from_numpy(_Z + sign * moved), torch.from_numpy(_TRUTH)))
            for sign in (1, -1)
        )
        assert float(gradient[place]) == pytest.approx((up - down) / (2 * step), abs=2e-4)


@pytest.mark.parametrize("name", LossName)
@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
@given(st.integers(0, 2**32 - 1))
def test_extreme_scores_leave_value_and_gradient_finite(
    name: LossName, dtype: torch.dtype, seed: int
) -> None:
    chance = np.random.default_rng(seed)
    extremes = chance.choice([-1e4, -90, 0, 90, 1e4], _TRUTH.shape)
    z = torch.tensor(extremes, dtype=dtype, requires_grad=True)
    loss = make_loss(name, _TRUTH, Weighting.SQRT)(z, torch.from_numpy(chance.random(_Z.shape)))
    (gradient,) = torch.autograd.grad(loss, z)
    assert loss.isfinite()
    assert gradient.isfinite().all()


@pytest.mark.parametrize("name", LossName)
def test_a_better_score_costs_less(name: LossName) -> None:
    better = _Z + np.where(_TRUTH, 1.0, -1.0)
    assert _value(name, better) < _value(name)


@pytest.mark.parametrize("name", LossName)
@pytest.mark.parametrize("marks", [0, 1])
def test_labels_that_no_row_or_every_row_carries_do_not_disturb(name: LossName, marks: int) -> None:
    truth = np.full((4, 3), marks, dtype=np.uint8)
    loss = make_loss(name, truth, Weighting.SQRT)
    assert loss(torch.zeros(4, 3), torch.from_numpy(truth)).isfinite()
