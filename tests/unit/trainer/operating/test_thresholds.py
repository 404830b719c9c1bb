import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from numpy.typing import NDArray

from classifier.scoring import Thresholds
from trainer.measure.metrics import measure
from trainer.operating.thresholds import choose_thresholds


def _rows(seed: int, count: int) -> tuple[NDArray[np.uint8], NDArray[np.float64]]:
    """Calibrated scores of four labels of very different frequency, and their truth."""
    chance = np.random.default_rng(seed)
    scores = chance.beta([1, 1, 0.3, 0.2], [1, 4, 6, 12], (count, 4))
    return (chance.random(scores.shape) < scores).astype(np.uint8), scores


def _best_for_all(truth: NDArray[np.uint8], scores: NDArray[np.float64]) -> Thresholds:
    cuts = [Thresholds.uniform(list("abcd"), cut) for cut in np.linspace(0.01, 0.99, 99)]
    return max(cuts, key=lambda cut: measure(truth, scores, cut).macro_f1)


@given(
    arrays.arrays(np.float64, 12, elements=st.floats(0, 1)),
    arrays.arrays(np.uint8, 12, elements=st.integers(0, 1)),
)
def test_without_a_prior_no_other_cut_has_a_better_f1(
    scores: NDArray[np.float64], truth: NDArray[np.uint8]
) -> None:
    truth[0] = 1
    columns = truth[:, None], scores[:, None]
    chosen = choose_thresholds(*columns, ["a"], prior=0)
    best = measure(*columns, chosen).macro_f1
    for cut in scores:
        assert measure(*columns, Thresholds.uniform(["a"], float(cut))).macro_f1 <= best + 1e-9


@given(st.integers(0, 1000), st.integers(1, 50), st.floats(0, 100))
def test_thresholds_are_scores(seed: int, count: int, prior: float) -> None:
    truth, scores = _rows(seed, count)
    chosen = choose_thresholds(truth, scores, list("abcd"), prior).array
    assert ((chosen >= 0) & (chosen <= 1)).all()


def test_a_label_without_positives_is_cut_at_half_of_its_best_f1() -> None:
    _, scores = _rows(0, 50_000)
    chosen = choose_thresholds(np.zeros(scores.shape, dtype=np.uint8), scores, list("abcd"))
    kept = scores[:, 0] >= chosen.array[0]
    best = 2 * scores[kept, 0].sum() / (kept.sum() + scores[:, 0].sum())
    assert chosen.array[0] == pytest.approx(best / 2, abs=0.01)


def test_on_new_rows_they_do_not_lose_to_one_threshold_for_all() -> None:
    gains = []
    for seed in range(10):
        truth, scores = _rows(seed, 400)
        fresh = _rows(seed + 100, 4000)
        ours = choose_thresholds(truth, scores, list("abcd"))
        single = _best_for_all(truth, scores)
        gains.append(measure(*fresh, ours).macro_f1 - measure(*fresh, single).macro_f1)
    assert np.mean(gains) > 0.01
