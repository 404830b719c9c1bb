import numpy as np
from numpy.typing import NDArray

from classifier.scoring import sigmoid
from trainer.evaluate import crosswise
from trainer.held_out import HeldOut, choose_operating_point


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
