"""Scores of rows that a model did not learn from, and what is chosen on them.

Nothing is judged on the rows that it was chosen on: the rows are dealt into halves, and each half
gets the calibration of the other before thresholds are chosen.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from classifier.scoring import Calibration, Thresholds
from trainer.calibration import fit_calibration
from trainer.metrics import Metrics, measure
from trainer.split import Rows, split_rows
from trainer.thresholds import choose_thresholds


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class HeldOut:
    """Rows with a model's raw scores and the truth.

    Attributes:
        texts: b of them; equal ones are never split.
        labels: label order, l.
        logits: raw scores of a model that did not learn from these rows, shape (b, l).
        truth: 0 and 1, shape (b, l).
    """

    texts: Sequence[str]
    labels: tuple[str, ...]
    logits: NDArray[np.floating[Any]]
    truth: NDArray[np.uint8]

    def take(self, rows: Rows) -> "HeldOut":
        """Some of the rows."""
        return HeldOut(
            texts=[self.texts[row] for row in rows],
            labels=self.labels,
            logits=self.logits[rows],
            truth=self.truth[rows],
        )

    def halves(self, seed: int) -> tuple[Rows, Rows]:
        """Two halves with about the same share of each label."""
        first, second = split_rows(self.texts, self.truth, (0.5, 0.5), seed)
        return first, second


@dataclass(frozen=True, slots=True, kw_only=True)
class OperatingPoint:
    """What turns raw scores into predictions."""

    calibration: Calibration
    thresholds: Thresholds

    def measure(self, held_out: HeldOut) -> Metrics:
        """Judges rows that this was not chosen on."""
        return measure(held_out.truth, self.calibration.scores(held_out.logits), self.thresholds)


def choose_operating_point(held_out: HeldOut, seed: int) -> OperatingPoint:
    """Calibration on all rows; thresholds on scores that were calibrated without their own row."""
    scores = np.zeros(held_out.logits.shape)  # (b, l)
    for fitted, applied in _both_ways(held_out, seed):
        part = held_out.take(fitted)
        calibration = fit_calibration(part.logits, part.truth, held_out.labels)
        scores[applied] = calibration.scores(held_out.logits[applied])
    return OperatingPoint(
        calibration=fit_calibration(held_out.logits, held_out.truth, held_out.labels),
        thresholds=choose_thresholds(held_out.truth, scores, held_out.labels),
    )


def _both_ways(held_out: HeldOut, seed: int) -> tuple[tuple[Rows, Rows], tuple[Rows, Rows]]:
    first, second = held_out.halves(seed)
    return (first, second), (second, first)
