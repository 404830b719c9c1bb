from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray

from classifier.scoring import sigmoid
from trainer.operating.calibration import Method
from trainer.operating.held_out import (
    HeldOut,
    choose_operating_point,
    crosswise,
    crosswise_scores,
    measure_operating_points,
)


def _held_out(rows: int, *, seed: int = 0, informed: bool = True) -> HeldOut:
    chance = np.random.default_rng(seed)
    logits: NDArray[np.float64] = chance.normal(-1, 2, (rows, 3))
    truth = chance.random(logits.shape) < (sigmoid(logits) if informed else 0.2)
    return HeldOut(
        texts=[f"text {row}" for row in range(rows)],
        labels=("a", "b", "c"),
        logits=logits,
        truth=truth.astype(np.uint8),
    )


def test_an_operating_point_holds_on_new_rows() -> None:
    point = choose_operating_point(_held_out(3000), seed=0)
    fresh = point.measure(_held_out(3000, seed=1))
    assert fresh.ece < 0.02
    assert fresh.macro_f1 > 0.6
    assert tuple(point.thresholds.by_label) == point.calibration.labels == ("a", "b", "c")


def test_the_same_seed_chooses_the_same() -> None:
    held_out = _held_out(200)
    assert choose_operating_point(held_out, 1) == choose_operating_point(held_out, 1)


def test_crosswise_figures_are_those_of_new_rows_and_do_not_flatter_noise() -> None:
    noise = _held_out(60, informed=False)
    point = choose_operating_point(noise, seed=0)
    fresh = np.mean(
        [point.measure(_held_out(60, seed=s, informed=False)).macro_f1 for s in range(1, 20)]
    )
    judged = crosswise(noise, point, seed=0).measure()
    assert judged.n == 60
    assert abs(judged.macro_f1 - fresh) < 0.12


def test_halves_share_no_row() -> None:
    first, second = _held_out(31).halves(seed=0)
    assert sorted([*first, *second]) == list(range(31))


def test_the_cheapest_way_of_calibrating_is_taken_and_told() -> None:
    rows = _held_out(3000)
    shifted = choose_operating_point(replace(rows, logits=rows.logits * 3 - 2), 0)
    few = _held_out(150)
    steep = choose_operating_point(replace(few, logits=few.logits * 3), 0)
    assert shifted.method is Method.PLATT
    assert shifted.describe().startswith("scores are calibrated by platt; log loss crosswise:")
    assert steep.method is Method.TEMPERATURE
    assert steep.calibration.slope == pytest.approx((1 / 3,) * 3, rel=0.2)
    assert steep.calibration.intercept == (0, 0, 0)


def test_operating_points_are_measured_with_the_calibration_that_was_chosen() -> None:
    rows = _held_out(500)
    point = choose_operating_point(rows, 0)
    curves = measure_operating_points(rows, point, 0)
    scores = crosswise_scores(rows, point.method, 0)
    curve = curves.labels["a"]
    middle = curve.points[len(curve.points) // 2]
    assert tuple(curves.labels) == rows.labels
    assert middle.predicted == (scores[:, 0] >= middle.threshold).sum()
    assert middle.hits == rows.truth[scores[:, 0] >= middle.threshold, 0].sum()
