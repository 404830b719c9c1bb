import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from sklearn.metrics import f1_score

from trainer.measure.bootstrap import (
    difference,
    differences,
    interval,
    label_differences,
    mean_interval,
    resample,
)
from trainer.measure.metrics import Marks

FIGURES = ("micro_f1", "macro_f1", "weighted_f1")


def _marks(rows: int, *, wrong: float, seed: int = 0) -> tuple[Marks, Marks]:
    """Truth and predictions of which a share is wrong."""
    chance = np.random.default_rng(seed)
    truth = chance.random((rows, 4)) < 0.3
    return truth.astype(np.uint8), (truth ^ (chance.random((rows, 4)) < wrong)).astype(np.uint8)


def test_the_first_draw_is_the_figure_that_scikit_learn_gives() -> None:
    truth, predicted = _marks(200, wrong=0.2)
    found = resample(truth, predicted, resamples=10)
    for name in FIGURES:
        average = name.removesuffix("_f1")
        expected = f1_score(truth, predicted, average=average, zero_division=0)
        assert found.figures[name][0] == pytest.approx(expected)
    exact = (truth == predicted).all(axis=1).mean()
    assert found.figures["subset_accuracy"][0] == pytest.approx(exact)
    assert found.f1[0] == pytest.approx(f1_score(truth, predicted, average=None, zero_division=0))


def test_a_draw_is_what_measuring_the_drawn_rows_gives() -> None:
    truth, predicted = _marks(50, wrong=0.2)
    rows = np.random.default_rng(7).integers(0, 50, (1, 50))[0]
    found = resample(truth, predicted, seed=7, resamples=1)
    expected = f1_score(truth[rows], predicted[rows], average=None, zero_division=0)
    assert found.f1[1] == pytest.approx(expected)


def test_an_interval_covers_the_truth_about_as_often_as_it_says() -> None:
    shares = np.random.default_rng(1).random((200, 150)) < 0.4
    found = [mean_interval(row, seed=number) for number, row in enumerate(shares)]
    covered = np.mean([one.low <= 0.4 <= one.high for one in found])
    assert 0.9 <= covered <= 0.99


def test_more_rows_give_a_narrower_interval() -> None:
    widths = []
    for rows in (100, 10_000):
        truth, predicted = _marks(rows, wrong=0.2)
        of = resample(truth, predicted).intervals()["macro_f1"]
        assert of.low < of.value < of.high
        widths.append(of.high - of.low)
    assert widths[1] < widths[0] / 5


def test_many_rows_are_drawn_in_parts_as_few_are_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    truth, predicted = _marks(60, wrong=0.2)
    whole = resample(truth, predicted, resamples=40)
    monkeypatch.setattr("trainer.measure.bootstrap._MAX_CELLS", 60 * 7)
    parts = resample(truth, predicted, resamples=40)
    assert parts.f1.shape == (41, 4)
    assert whole.f1[0] == pytest.approx(parts.f1[0])
    assert whole.f1[1:].mean() == pytest.approx(parts.f1[1:].mean(), abs=0.02)


def test_a_model_against_itself_differs_by_nothing_and_surely_so() -> None:
    truth, predicted = _marks(100, wrong=0.2)
    one = resample(truth, predicted)
    for found in differences(one, resample(truth, predicted)).values():
        assert (found.value, found.low, found.high, found.p_value) == (0, 0, 0, 1)
        assert not found.is_clear


def _errs(truth: Marks, wrong: float, seed: int) -> Marks:
    return (truth ^ (np.random.default_rng(seed).random(truth.shape) < wrong)).astype(np.uint8)


def test_a_clearly_better_model_is_told() -> None:
    truth, bad = _marks(400, wrong=0.2)
    found = differences(resample(truth, bad), resample(truth, _errs(truth, 0.05, 5)))["macro_f1"]
    assert found.low > 0.1
    assert found.is_clear
    assert found.p_value == pytest.approx(1 / 1001)


def test_equally_good_models_are_told_apart_as_rarely_as_the_interval_says() -> None:
    truth, _ = _marks(300, wrong=0)
    clear, small_p = [], []
    for seed in range(100):
        one, other = (resample(truth, _errs(truth, 0.2, 2 * seed + side)) for side in (0, 1))
        found = differences(one, other)["macro_f1"]
        clear.append(found.is_clear)
        small_p.append(found.p_value < 0.05)
    # 5 of 100 are expected; 13 or more would come by chance once in a thousand times.
    assert sum(clear) < 13
    assert sum(small_p) < 13


def test_pairing_narrows_the_difference_of_models_that_err_alike() -> None:
    truth, first = _marks(400, wrong=0.2)
    second = first.copy()
    second[:8] = truth[:8]
    one, other = (resample(truth, marks) for marks in (first, second))
    paired = differences(one, other)["micro_f1"]
    alone = other.intervals()["micro_f1"]
    assert paired.high - paired.low < (alone.high - alone.low) / 3


def test_only_the_label_that_changed_differs() -> None:
    truth, first = _marks(300, wrong=0.1)
    second = first.copy()
    second[:, 2] = truth[:, 2]
    found = label_differences(resample(truth, first), resample(truth, second))
    assert [one.is_clear for one in found] == [False, False, True, False]


def test_no_rows_give_zeros() -> None:
    nothing = np.zeros((0, 3), dtype=np.uint8)
    of = resample(nothing, nothing, resamples=5).intervals()["macro_f1"]
    assert (of.value, of.low, of.high) == (0, 0, 0)


@settings(max_examples=30)
@given(st.integers(1, 40), st.integers(0, 1000), st.floats(0, 1))
def test_every_figure_and_bound_is_a_share(rows: int, seed: int, wrong: float) -> None:
    truth, predicted = _marks(rows, wrong=wrong, seed=seed)
    found = resample(truth, predicted, seed=seed, resamples=30)
    for of in (*found.intervals().values(), *found.label_intervals()):
        assert 0 <= of.low <= of.high <= 1
        assert 0 <= of.value <= 1


@given(st.lists(st.floats(-1, 1), min_size=3, max_size=30))
def test_swapping_the_models_turns_the_difference_around(values: list[float]) -> None:
    draws: NDArray[np.float64] = np.array(values)
    there, back = difference(0 * draws, draws), difference(draws, 0 * draws)
    assert there.value == -back.value
    assert there.low == pytest.approx(-back.high)
    assert there.p_value == back.p_value
    assert interval(draws).value == there.value
