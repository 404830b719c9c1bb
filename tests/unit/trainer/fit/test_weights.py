import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from numpy.typing import NDArray

from trainer.fit.weights import MAX_WEIGHT, Weighting, effective_weights, pos_weights

_TRUTH = np.array([[1, 1, 0]] + [[0, 1, 0]] * 3 + [[0, 0, 0]] * 6, dtype=np.uint8)


def test_the_ratio_is_negatives_by_positives() -> None:
    assert pos_weights(_TRUTH, Weighting.RATIO).tolist() == [9, 1.5, MAX_WEIGHT]


def test_the_root_goes_half_of_the_way() -> None:
    assert pos_weights(_TRUTH, Weighting.SQRT)[:2] == pytest.approx([3, 1.5**0.5])


def test_without_weighting_all_labels_count_alike() -> None:
    assert pos_weights(_TRUTH, Weighting.NONE).tolist() == [1, 1, 1]


@given(
    arrays.arrays(
        np.uint8, st.tuples(st.integers(1, 20), st.integers(1, 5)), elements=st.integers(0, 1)
    ),
    st.sampled_from(Weighting),
    st.floats(1, 100),
)
def test_weights_stay_between_one_and_the_cap(
    truth: NDArray[np.uint8], weighting: Weighting, cap: float
) -> None:
    weights = pos_weights(truth, weighting, cap)
    assert (weights >= 1).all()
    assert (weights <= np.float32(cap)).all()


def test_few_examples_weigh_by_their_number_and_many_alike() -> None:
    """Cui and others: beta^n goes from 1 - n (1 - beta) to 0."""
    rare = effective_weights(np.array([1.0, 10.0]))
    assert rare[0] / rare[1] == pytest.approx(10, rel=1e-2)
    frequent = effective_weights(np.array([1e5, 1e6]))
    assert frequent[0] / frequent[1] == pytest.approx(1, rel=1e-3)


@given(st.lists(st.integers(0, 10**6), min_size=1, max_size=9))
def test_effective_weights_have_the_mean_one_and_fall_with_the_examples(counts: list[int]) -> None:
    weights = effective_weights(np.array(sorted(counts), dtype=np.float64))
    assert weights.mean() == pytest.approx(1, rel=1e-5)
    assert (np.diff(weights) <= 1e-6).all()
