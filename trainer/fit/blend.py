"""How much the encoder's head and the lexical branch each say.

Both are linear in what they are fed, so a weighted sum of their calibrated scores is again one
head and one branch: the blend costs nothing in serving. Shapes: b tickets, l labels.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from classifier.scoring import Calibration
from trainer.fit.head import mean_average_precision
from trainer.operating.calibration import fit_calibration

# Shares of the head; 1 leaves the branch out. Coarse, so that little can be overfitted.
SHARES = (0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1.0)

Logits = NDArray[np.floating[Any]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Blend:
    """Calibrated scores of two models, added with weights.

    Attributes:
        share: of the first model, in [0, 1]; the second has the rest.
        first: calibration of the first.
        second: of the second.
    """

    share: float
    first: Calibration
    second: Calibration

    def logits(self, first: Logits, second: Logits) -> NDArray[np.float64]:
        """Both models' raw scores (b, l) to one."""
        (a, b), (c, d) = self.scales
        mixed: NDArray[np.float64] = a * first + b + c * second + d
        return mixed

    @property
    def scales(self) -> tuple[tuple[NDArray[np.float64], NDArray[np.float64]], ...]:
        """For each model what its raw scores are multiplied with and what is added, each (l)."""
        shares = ((self.share, self.first), (1 - self.share, self.second))
        return tuple(
            (share * np.asarray(part.slope), share * np.asarray(part.intercept))
            for share, part in shares
        )


def choose_blend(
    first: Logits, second: Logits, truth: NDArray[np.uint8], labels: Sequence[str]
) -> Blend:
    """The share with the best mean average precision.

    Args:
        first: raw scores of rows that the model did not learn from, shape (b, l).
        second: the same of the other model.
        truth: 0 and 1, shape (b, l).
        labels: label order.
    """
    calibrations = (
        fit_calibration(first, truth, labels),
        fit_calibration(second, truth, labels),
    )
    blends = [Blend(share=s, first=calibrations[0], second=calibrations[1]) for s in SHARES]
    return max(blends, key=lambda blend: mean_average_precision(truth, blend.logits(first, second)))
