"""Scores of rows that a model did not learn from, and what is chosen on them.

Nothing is judged on the rows that it was chosen on: the rows are dealt into halves, and each half
gets the calibration of the other before thresholds are chosen.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from classifier.scoring import Calibration, Thresholds
from router.operating_points import Curves
from trainer.data.split import Rows, split_rows
from trainer.measure.answers import Answers
from trainer.measure.metrics import Metrics, measure
from trainer.operating.calibration import FITS, Method, calibration_loss
from trainer.operating.curves import measure_curves
from trainer.operating.thresholds import choose_thresholds


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
    """What turns raw scores into predictions.

    Attributes:
        losses: what each way of calibrating cost on rows that it was not fitted on, in nats a
            judgement; the cheapest was taken. Empty where there was no choice.
    """

    calibration: Calibration
    thresholds: Thresholds
    losses: Mapping[Method, float] = field(default_factory=dict)

    @property
    def method(self) -> Method:
        """The cheapest way of calibrating; Platt's where there was no choice."""
        return min(self.losses, key=self.losses.__getitem__, default=Method.PLATT)

    def describe(self) -> str:
        """One line on how scores are calibrated and what the other ways would have cost."""
        losses = ", ".join(f"{method} {loss:.4f}" for method, loss in self.losses.items())
        return f"scores are calibrated by {self.method}; log loss crosswise: {losses}"

    def measure(self, held_out: HeldOut) -> Metrics:
        """Judges rows that this was not chosen on."""
        return measure(held_out.truth, self.calibration.scores(held_out.logits), self.thresholds)


def choose_operating_point(held_out: HeldOut, seed: int) -> OperatingPoint:
    """Calibration on all rows; thresholds on scores that were calibrated without their own row."""
    scores = {method: crosswise_scores(held_out, method, seed) for method in Method}
    losses = {method: calibration_loss(held_out.truth, scores[method]) for method in Method}
    best = min(losses, key=losses.__getitem__)
    return OperatingPoint(
        calibration=FITS[best](held_out.logits, held_out.truth, held_out.labels),
        thresholds=choose_thresholds(held_out.truth, scores[best], held_out.labels),
        losses=losses,
    )


def measure_operating_points(held_out: HeldOut, point: OperatingPoint, seed: int) -> Curves:
    """What other thresholds than the point's would be worth, on the rows that it was chosen on."""
    scores = crosswise_scores(held_out, point.method, seed)
    return measure_curves(held_out.truth, scores, held_out.labels)


def crosswise_scores(held_out: HeldOut, method: Method, seed: int) -> NDArray[np.float64]:
    """Calibrated scores, shape (b, l): each half by the calibration of the other."""
    scores = np.zeros(held_out.logits.shape)  # (b, l)
    first, second = held_out.halves(seed)
    for fitted, applied in ((first, second), (second, first)):
        part = held_out.take(fitted)
        calibration = FITS[method](part.logits, part.truth, held_out.labels)
        scores[applied] = calibration.scores(held_out.logits[applied])
    return scores


def crosswise(held_out: HeldOut, point: OperatingPoint, seed: int) -> Answers:
    """Answers on the rows that an operating point was chosen on: each half by the other's choice.

    Args:
        held_out: the rows.
        point: what was chosen on all of them; its thresholds are only quoted.
        seed: of the halves.
    """
    scores = np.zeros(held_out.logits.shape)  # (b, l)
    predicted = np.zeros_like(held_out.truth)
    first, second = held_out.halves(seed)
    for fitted, applied in ((first, second), (second, first)):
        other = choose_operating_point(held_out.take(fitted), seed)
        scores[applied] = other.calibration.scores(held_out.logits[applied])
        predicted[applied] = other.thresholds.predicted(scores[applied])
    return Answers(
        truth=held_out.truth, scores=scores, predicted=predicted, thresholds=point.thresholds
    )
