import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression

from classifier.scoring import sigmoid
from trainer.data.split import folds
from trainer.fit.head import PENALTIES, cross_validate, fit_path, mean_average_precision
from trainer.fit.losses import WeightedBce

_PLAIN = WeightedBce(pos_weight=torch.ones(2))


def _rows(count: int, seed: int = 0) -> tuple[NDArray[np.float32], NDArray[np.uint8]]:
    """Features far from standard, and two labels that depend on them."""
    chance = np.random.default_rng(seed)
    plain = chance.normal(size=(count, 5))
    logits = plain @ np.array([[2, 0], [0, 2], [1, -1], [0, 0], [0, 0]]) - 1
    truth = (chance.random(logits.shape) < sigmoid(logits)).astype(np.uint8)
    return (plain * [1, 10, 0.1, 1, 1] + 3).astype(np.float32), truth


def test_the_head_is_that_of_scikit_learn_on_standardised_features() -> None:
    features, truth = _rows(300)
    scaled = (features - features.mean(axis=0)) / features.std(axis=0)
    *_, head = fit_path(features, truth, (300.0, 30.0), _PLAIN)
    for label in range(2):
        theirs = LogisticRegression(C=1 / 30, tol=1e-8).fit(scaled, truth[:, label])
        expected = scaled @ theirs.coef_[0] + theirs.intercept_[0]
        assert head.logits(features)[:, label] == pytest.approx(expected, abs=0.01)


def test_a_weight_on_positives_raises_their_scores() -> None:
    features, truth = _rows(200)
    plain, weighted = (
        next(fit_path(features, truth, (30.0,), loss)).logits(features).mean()
        for loss in (_PLAIN, WeightedBce(pos_weight=torch.full((2,), 5.0)))
    )
    assert weighted > plain + 0.5


def test_rows_are_judged_by_heads_that_did_not_see_them() -> None:
    chance = np.random.default_rng(0)
    features = chance.normal(size=(60, 200)).astype(np.float32)
    noise = chance.integers(0, 2, (60, 2)).astype(np.uint8)
    parts = folds([str(row) for row in range(60)], noise, 5, seed=0)
    found = cross_validate(features, noise, parts, _PLAIN)
    assert mean_average_precision(noise, found.logits) < 0.75
    assert found.penalty in PENALTIES
    assert found.quality[found.penalty] == max(found.quality.values())


def test_a_label_without_positives_does_not_disturb() -> None:
    features, truth = _rows(50)
    truth[:, 1] = 0
    head = next(fit_path(features, truth, (30.0,), _PLAIN))
    assert np.isfinite(head.logits(features)).all()
    assert head.logits(features)[:, 1].max() < -2
    assert mean_average_precision(truth, head.logits(features)) > 0.7
