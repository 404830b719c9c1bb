import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from numpy.typing import NDArray

from trainer.weights import MAX_WEIGHT, Weighting, pos_weights

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
