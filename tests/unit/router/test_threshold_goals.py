"""Each goal against a plain search over the same points, and its promise on fresh rows."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from router.operating_points import Curve, Curves
from router.threshold_goals import (
    FEW_POSITIVES,
    CostGoal,
    CoverageGoal,
    Goal,
    PrecisionGoal,
    RecallGoal,
    choose,
    minutes,
)
from trainer.operating.curves import measure_curves, share_of

LABELS = ("a", "b", "c")
_DRAWS = 300
_TARGETS = st.floats(0.05, 0.98)
Rows = tuple[NDArray[np.uint8], NDArray[np.float64]]


def _rows(seed: int, count: int) -> Rows:
    """Calibrated scores of labels from common to rare, and their truth."""
    chance = np.random.default_rng(seed)
    scores = chance.beta([0.6, 0.4, 0.2], [1.5, 3, 9], (count, 3))
    return (chance.random(scores.shape) < scores).astype(np.uint8), scores


def _curves(seed: int, count: int = 600) -> Curves:
    return measure_curves(*_rows(seed, count), LABELS)


def _rich(curve: Curve) -> bool:
    return curve.positives >= FEW_POSITIVES


@given(st.integers(0, 1000), _TARGETS)
def test_recall_is_reached_by_the_highest_threshold_that_shows_it(seed: int, target: float) -> None:
    curves = _curves(seed)
    for label, choice in choose(curves, RecallGoal(target=target)).items():
        own = curves.labels[label]
        curve = own if _rich(own) else curves.all_labels
        shown = [p.threshold for p in curve.points if p.recall.low >= target]
        assert choice.threshold == max(shown)
        assert choice.is_common == (not _rich(own))


@given(st.integers(0, 1000), _TARGETS)
def test_coverage_is_reached_by_one_threshold_for_all_labels(seed: int, target: float) -> None:
    truth, scores = _rows(seed, 600)
    choices = choose(measure_curves(truth, scores, LABELS), CoverageGoal(target=target))
    (threshold,) = {choice.threshold for choice in choices.values()}
    assert threshold is not None
    assert (scores >= threshold).any(axis=1).mean() >= target
    higher = [x for x in scores.max(axis=1) if x > threshold]
    for cut in higher:
        share = share_of(int((scores.max(axis=1) >= cut).sum()), 600)
        assert share.low < target or len(higher) < share.value * 600 * 1.25


@given(st.integers(0, 1000), _TARGETS)
def test_a_precision_is_shown_by_every_point_from_the_best_founded_one_down(
    seed: int, target: float
) -> None:
    curves = _curves(seed)
    for label, choice in choose(curves, PrecisionGoal(target=target)).items():
        own = curves.labels[label]
        curve = own if _rich(own) else curves.all_labels
        start = max(curve.points, key=lambda p: share_of(p.expected, p.predicted).low)
        if choice.threshold is None:
            assert start.precision.low < target
            continue
        between = [p for p in curve.points if choice.threshold <= p.threshold <= start.threshold]
        assert all(p.precision.low >= target for p in between)
        below = [p for p in curve.points if p.threshold < choice.threshold]
        assert not below or below[0].precision.low < target


@pytest.mark.parametrize("target", [0.6, 0.7])
def test_on_fresh_rows_a_precision_is_kept_as_often_as_promised(target: float) -> None:
    """The truth follows the scores, so the precision to come is the mean score over the cut."""
    fresh = np.sort(np.random.default_rng(99).beta(0.6, 1.5, 400_000))
    above = np.cumsum(fresh[::-1])[::-1] / np.arange(len(fresh), 0, -1)
    goal = PrecisionGoal(target=target)
    chosen = [choose(_curves(seed, 1200), goal)["a"].threshold for seed in range(_DRAWS)]
    cuts = [threshold for threshold in chosen if threshold is not None]
    short = [cut for cut in cuts if above[np.searchsorted(fresh, cut)] < target]
    assert len(cuts) >= 0.9 * _DRAWS
    assert len(short) <= 0.05 * _DRAWS


def test_a_precision_that_the_scores_do_not_have_is_never_chosen() -> None:
    chance = np.random.default_rng(0)
    scores = chance.random((800, 3))
    truth = (chance.random((800, 3)) < 0.3).astype(np.uint8)
    choices = choose(measure_curves(truth, scores, LABELS), PrecisionGoal(target=0.6))
    assert [choice.threshold for choice in choices.values()] == [None] * 3


def test_a_label_with_few_positives_takes_the_threshold_of_all_labels() -> None:
    truth, scores = _rows(3, 600)
    truth[:, 2] = 0
    truth[: FEW_POSITIVES - 1, 2] = 1
    for goal in (PrecisionGoal(target=0.6), RecallGoal(target=0.7)):
        curves = measure_curves(truth, scores, LABELS)
        rare = choose(curves, goal)["c"]
        assert rare.is_common
        same = Curves(
            labels={"x": curves.all_labels},
            all_labels=curves.all_labels,
            any_label=curves.any_label,
        )
        assert rare.threshold == choose(same, goal)["x"].threshold
        truth[:FEW_POSITIVES, 2] = 1
        assert not choose(measure_curves(truth, scores, LABELS), goal)["c"].is_common
        truth[FEW_POSITIVES - 1, 2] = 0


def _cost(truth: NDArray[np.uint8], scores: NDArray[np.float64], cut: float) -> float:
    over = scores >= cut
    return float((30 * (over & (truth == 0)).sum() + 4 * (~over).sum()) / len(truth))


def test_the_cheapest_threshold_loses_hardly_more_than_the_best_one_in_hindsight() -> None:
    goal = CostGoal(misroute=30, look=4)
    truth, scores = _rows(0, 100_000)
    choice = choose(measure_curves(truth, scores, LABELS), goal)["a"]
    assert choice.threshold == pytest.approx(1 - 4 / 30)
    found = _cost(truth[:, 0], scores[:, 0], 1 - 4 / 30)
    best = min(_cost(truth[:, 0], scores[:, 0], cut) for cut in np.linspace(0, 1, 101))
    assert found <= best + 0.005
    assert minutes(choice, goal, "a") == pytest.approx(found, abs=0.05)


def test_a_misroute_that_costs_a_department_more_wants_a_higher_score() -> None:
    goal = CostGoal(misroute=10, look=4, by_label={"b": 40})
    found = choose(_curves(0, 4000), goal)
    assert found["a"].threshold == pytest.approx(0.6)
    assert found["b"].threshold == pytest.approx(0.9)


def test_where_automation_measurably_loses_time_a_label_is_never_automated() -> None:
    truth, scores = _rows(0, 2000)
    truth[:, 0] = np.random.default_rng(1).random(2000) < 0.2  # scores that mean nothing
    goal = CostGoal(misroute=20, look=4)
    choice = choose(measure_curves(truth, scores, LABELS), goal)["a"]
    assert choice.threshold is None
    assert minutes(choice, goal, "a") == pytest.approx(4)


def test_when_a_look_costs_more_than_a_misroute_everything_is_automated() -> None:
    goal: Goal = CostGoal(misroute=3, look=4)
    assert {choice.threshold for choice in choose(_curves(1), goal).values()} == {0.0}
