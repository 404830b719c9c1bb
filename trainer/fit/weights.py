"""How much more a rare label's positives count in the loss, from label counts alone."""

from enum import StrEnum
from typing import Any

import numpy as np
from numpy.typing import NDArray

# A label with one positive in 10,000 rows would otherwise drown the others' gradients.
MAX_WEIGHT = 20.0
# How fast further examples of a label add less; the best of Cui and others for tens of thousands
# of rows, where a label with 10,000 examples counts as one with 6,300.
OVERLAP = 0.9999


class Weighting(StrEnum):
    """What a positive counts as: one, negatives by positives, or the square root of that."""

    NONE = "none"
    RATIO = "ratio"
    SQRT = "sqrt"


def pos_weights(
    truth: NDArray[np.floating[Any]] | NDArray[np.uint8],
    weighting: Weighting,
    cap: float = MAX_WEIGHT,
) -> NDArray[np.float32]:
    """The `pos_weight` of torch's BCE loss for each label.

    Args:
        truth: in [0, 1], shape (b, l).
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


def effective_weights(
    positives: NDArray[np.float64], overlap: float = OVERLAP
) -> NDArray[np.float32]:
    """What the decisions on each label count as, by its effective number of examples.

    (1 - beta) / (1 - beta^n), scaled to the mean 1 (Cui and others, "Class-balanced loss based on
    effective number of samples", 2019, equation 12).

    Args:
        positives: n, of each label, shape (l); a label without any counts as one with one.
        overlap: beta, in (0, 1).

    Returns:
        Shape (l).
    """
    weights = (1 - overlap) / -np.expm1(np.maximum(positives, 1) * np.log(overlap))
    scaled: NDArray[np.float32] = (weights / weights.mean()).astype(np.float32)
    return scaled
