import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from sklearn.metrics import accuracy_score, f1_score, precision_recall_fscore_support

from classifier.scoring import Thresholds
from trainer.measure.metrics import Marks, calibration_error, measure

_SHAPES = st.tuples(st.integers(1, 30), st.integers(2, 6))


@st.composite
def _cases(draw: st.DrawFn) -> tuple[Marks, np.ndarray[tuple[int, ...], np.dtype[np.float64]]]:
    shape = draw(_SHAPES)
    truth = draw(arrays.arrays(np.uint8, shape, elements=st.integers(0, 1)))
    return truth, draw(arrays.arrays(np.float64, shape, elements=st.floats(0, 1)))


@given(_cases())
def test_the_figures_are_those_of_scikit_learn(
    case: tuple[Marks, np.ndarray[tuple[int, ...], np.dtype[np.float64]]],
) -> None:
    truth, scores = case
    labels = [f"l{i}" for i in range(truth.shape[1])]
    predicted = (scores >= 0.5).astype(np.uint8)
    found = measure(truth, scores, Thresholds.uniform(labels))
    for average in ("micro", "macro", "weighted"):
        theirs = f1_score(truth, predicted, average=average, zero_division=0)
        assert getattr(found, f"{average}_f1") == pytest.approx(theirs, abs=1e-9)
    assert found.subset_accuracy == pytest.approx(accuracy_score(truth, predicted), abs=1e-9)
    columns = precision_recall_fscore_support(truth, predicted, average=None, zero_division=0)
    for i, ours in enumerate(found.per_label.values()):
        expected = [column[i] for column in columns]
        assert [ours.precision, ours.recall, ours.f1, ours.support] == pytest.approx(
            expected, abs=1e-9
        )


@given(_cases())
def test_the_calibration_error_is_the_mean_gap_of_the_bins(
    case: tuple[Marks, np.ndarray[tuple[int, ...], np.dtype[np.float64]]],
) -> None:
    truth, scores = case[0].ravel(), case[1].ravel()
    gaps = 0.0
    for low in range(15):
        inside = np.floor(scores * 15).clip(max=14) == low
        if inside.any():
            gaps += inside.sum() * abs(truth[inside].mean() - scores[inside].mean())
    assert calibration_error(truth, scores) == pytest.approx(gaps / len(scores), abs=1e-9)


def test_honest_scores_have_no_calibration_error() -> None:
    truth = np.array([[1], [0], [0], [0]], dtype=np.uint8)
    assert calibration_error(truth, np.full((4, 1), 0.25)) == 0
    assert calibration_error(truth, np.full((4, 1), 0.75)) == 0.5


def test_no_rows_give_zeros() -> None:
    none = np.zeros((0, 2))
    found = measure(none.astype(np.uint8), none, Thresholds.uniform(["a", "b"]))
    assert (found.n, found.macro_f1, found.subset_accuracy, found.ece) == (0, 0, 0, 0)
