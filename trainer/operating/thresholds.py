"""The score from which a label counts: the best F1 on held-out rows, steadied for rare labels.

Shapes: b tickets, l labels.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from classifier.scoring import Thresholds
from trainer.measure.metrics import ratio

# Positives whose word weighs as much as the calibration's. On the held-out half of `sumo_firefox`
# (4 to 39 positives of the rare labels) test macro-F1 was .339 with 2, 5 or 10, .328 with none
# and .338 when the calibration alone decided.
PRIOR_POSITIVES = 5.0

Array = NDArray[np.float64]


def choose_thresholds(
    truth: NDArray[np.uint8],
    scores: NDArray[np.floating[Any]],
    labels: Sequence[str],
    prior: float = PRIOR_POSITIVES,
) -> Thresholds:
    """A threshold a label.

    F1 at a threshold needs the true positives above it. Those are counted where there are many
    and otherwise expected from the calibrated scores, which carry what all labels together say:
    both are mixed by the number of positives. A label without any is left to the expectation,
    whose best threshold is half of the best F1 (Lipton, Elkan and Naryanaswamy, "Optimal
    thresholding of classifiers to maximize F1 measure", 2014).

    Args:
        truth: 0 and 1, shape (b, l), b > 0.
        scores: calibrated, shape (b, l), of rows that neither model nor calibration learned from.
        labels: label order.
        prior: how many positives weigh as much as the expectation.
    """
    columns = zip(labels, truth.T, scores.T.astype(np.float64), strict=True)
    return Thresholds(
        by_label={label: _best(marks, column, prior) for label, marks, column in columns}
    )


def _best(marks: NDArray[np.uint8], scores: Array, prior: float) -> float:
    """The threshold of one label; both arguments have shape (b)."""
    order = np.argsort(-scores, kind="stable")
    ranked, positives = scores[order], float(marks.sum())
    share = positives / max(positives + prior, 1e-9)
    belief = share * marks[order] + (1 - share) * ranked  # (b)
    predicted = np.arange(1, len(ranked) + 1)
    f1 = ratio(2 * belief.cumsum(), predicted + belief.sum())
    f1[:-1][ranked[:-1] == ranked[1:]] = -1  # equal scores cannot be told apart
    last = int(np.argmax(f1))
    following = ranked[last + 1] if last + 1 < len(ranked) else ranked[last]
    middle = (ranked[last] + following) / 2
    return float(middle if middle > following else ranked[last])
