"""How much more a rare label's positives count in the loss, from label counts alone."""

from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

# A label with one positive in 10,000 rows would otherwise drown the others' gradients.
MAX_WEIGHT = 20.0


class Weighting(StrEnum):
    """What a positive counts as: one, negatives by positives, or the square root of that."""

    NONE = "none"
    RATIO = "ratio"
    SQRT = "sqrt"


def pos_weights(
    truth: NDArray[np.uint8], weighting: Weighting, cap: float = MAX_WEIGHT
) -> NDArray[np.float32]:
    """The `pos_weight` of torch's BCE loss for each label.

    Args:
        truth: 0 and 1, shape (b, l).
        weighting: `RATIO` makes positives and negatives of a label weigh the same in sum; `SQRT`
            goes half of the way on a logarithmic scale.
        cap: largest weight, >= 1.

    Returns:
        Shape (l), each in [1, cap]; a label without positives gets the cap, unless unweighted.
    """
    if weighting is Weighting.NONE:
        return np.ones(truth.shape[1], dtype=np.float32)
    positives = truth.sum(axis=0, dtype=np.float64)
    weights = (len(truth) - positives) / np.maximum(positives, 1e-9)
    if weighting is Weighting.SQRT:
        weights = np.sqrt(weights)
    capped: NDArray[np.float32] = np.clip(weights, 1.0, cap).astype(np.float32)
    return capped
