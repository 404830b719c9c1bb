import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy.stats import binomtest

from core.errors import ArtifactInvalid, Invalid
from router.operating_points import OPERATING_POINTS, Curve, Share, read_curves
from tests.factories.artifacts import LABELS, build_tiny_artifact
from trainer.operating.curves import POINTS, curve_of, measure_curves, share_of


def _rows(seed: int, count: int, digits: int = 6) -> tuple[NDArray[np.uint8], NDArray[np.float64]]:
    chance = np.random.default_rng(seed)
    scores = chance.beta(0.4, 3, (count, len(LABELS))).round(digits)
    return (chance.random(scores.shape) < scores).astype(np.uint8), scores


@given(st.integers(0, 10**6), st.integers(1, 400), st.sampled_from([1, 6]))
def test_every_point_counts_what_its_threshold_predicts(seed: int, count: int, digits: int) -> None:
    truth, scores = _rows(seed, count, digits)
    marks, column = truth[:, 0], scores[:, 0]
    curve = curve_of(marks, column)
    assert 1 <= len(curve.points) <= POINTS
    assert (curve.rows, curve.positives) == (count, marks.sum())
    for point in curve.points:
        over = column >= point.threshold
        assert (point.predicted, point.hits) == (over.sum(), marks[over].sum())
        assert point.expected == pytest.approx(column[over].sum(), abs=1e-3)
    thresholds = [point.threshold for point in curve.points]
    assert thresholds == sorted(set(thresholds), reverse=True)
    assert thresholds[-1] == 0


@given(st.integers(0, 60), st.integers(1, 60))
def test_shares_have_the_exact_interval(part: int, more: int) -> None:
    share = share_of(part, part + more)
    exact = binomtest(part, part + more).proportion_ci(0.9, method="exact")
    assert (share.low, share.high) == pytest.approx((exact.low, exact.high))


def test_without_a_case_a_share_may_be_anything() -> None:
    assert share_of(0, 0) == Share(value=0.0, low=0.0, high=1.0)


def test_the_curve_of_tickets_asks_whether_the_likeliest_label_is_right() -> None:
    truth, scores = _rows(0, 300)
    curve = measure_curves(truth, scores, LABELS).any_label
    right = truth[np.arange(300), scores.argmax(axis=1)]
    for point in curve.points:
        covered = (scores >= point.threshold).any(axis=1)
        assert (point.predicted, point.hits) == (covered.sum(), right[covered].sum())


def test_a_threshold_between_points_is_told_by_the_next_that_predicts_less() -> None:
    truth, scores = _rows(1, 300)
    curve = curve_of(truth[:, 0], scores[:, 0])
    upper, lower = curve.points[10:12]
    assert curve.at((upper.threshold + lower.threshold) / 2) == upper
    assert curve.at(lower.threshold) == lower
    assert curve.at(1.0).predicted == 0


def test_an_artifact_gives_its_curves_back(tmp_path: Path) -> None:
    curves = measure_curves(*_rows(2, 500), LABELS)
    artifact = build_tiny_artifact(tmp_path / "with", also=curves.save)
    assert read_curves(artifact) == curves


def test_an_artifact_without_curves_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(Invalid, match="retrain"):
        read_curves(build_tiny_artifact(tmp_path / "without"))


def test_damaged_curves_are_not_read(tmp_path: Path) -> None:
    artifact = build_tiny_artifact(
        tmp_path / "damaged",
        also=lambda folder: (folder / OPERATING_POINTS).write_text('{"labels": {}}'),
    )
    with pytest.raises(ArtifactInvalid):
        read_curves(artifact)


def test_curves_without_bounds_say_what_to_do(tmp_path: Path) -> None:
    point = {"threshold": 0.0, "predicted": 9, "hits": 3, "expected": 2.9, "precision": 0.3}
    curve = {"rows": 9, "positives": 3, "points": [point]}
    older = json.dumps({"labels": {"a": curve}, "all_labels": curve, "any_label": curve})
    artifact = build_tiny_artifact(
        tmp_path / "older", also=lambda folder: (folder / OPERATING_POINTS).write_text(older)
    )
    with pytest.raises(Invalid, match="retrain"):
        read_curves(artifact)


@given(st.integers(0, 500))
def test_the_share_of_nothing_has_the_exact_bounds_too(whole: int) -> None:
    exact = share_of(0, whole)
    assert Share.none_of(whole).high == pytest.approx(exact.high)
    at = Curve(rows=whole, positives=0, points=()).at(0.5)
    assert (at.coverage.low, at.coverage.high) == pytest.approx((exact.low, exact.high))
