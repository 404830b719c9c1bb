"""What a multilabel prediction is worth: F1 in three averages, exact matches, calibration error.

Shapes: b tickets, l labels. The definitions are scikit-learn's with `zero_division=0`; computed
here because one pass over counts gives all of them, and a report asks for them often.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from classifier.scoring import Thresholds

ECE_BINS = 15

Marks = NDArray[np.uint8]
Scores = NDArray[np.floating[Any]]


@dataclass(frozen=True, slots=True, kw_only=True)
class LabelMetrics:
    """One label; all in [0, 1] but `support`, the number of tickets that carry it."""

    precision: float
    recall: float
    f1: float
    support: int
    threshold: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Metrics:
    """All in [0, 1] but `n`, the number of tickets.

    Attributes:
        subset_accuracy: share of tickets whose labels were all predicted and no other.
        ece: expected calibration error over all scores of all labels.
        ece_per_label: the same for each label alone.
    """

    micro_f1: float
    macro_f1: float
    weighted_f1: float
    subset_accuracy: float
    per_label: Mapping[str, LabelMetrics]
    ece: float
    ece_per_label: Mapping[str, float]
    n: int

    def as_object(self) -> dict[str, Any]:
        """JSON-ready."""
        return asdict(self)


@dataclass(frozen=True, slots=True, eq=False)
class Counts:
    """Per label, shape (l): true positives, predicted and actual ones."""

    hits: NDArray[np.int64]
    predicted: NDArray[np.int64]
    actual: NDArray[np.int64]

    @classmethod
    def of(cls, truth: Marks, predicted: Marks) -> "Counts":
        """Counts 0 and 1 of two arrays (b, l)."""
        return cls(
            np.sum(truth & predicted, axis=0, dtype=np.int64),
            np.sum(predicted, axis=0, dtype=np.int64),
            np.sum(truth, axis=0, dtype=np.int64),
        )

    @property
    def precision(self) -> NDArray[np.float64]:
        """Share of predictions that are right; 0 where nothing was predicted."""
        return ratio(self.hits, self.predicted)

    @property
    def recall(self) -> NDArray[np.float64]:
        """Share of actual labels that were predicted; 0 where there is none."""
        return ratio(self.hits, self.actual)

    @property
    def f1(self) -> NDArray[np.float64]:
        """Harmonic mean of precision and recall."""
        return ratio(2 * self.hits, self.predicted + self.actual)

    @property
    def micro_f1(self) -> float:
        """F1 of all decisions taken together."""
        hits, all_marks = self.hits.sum(), (self.predicted + self.actual).sum()
        return float(ratio(2 * hits, all_marks))

    @property
    def weighted_f1(self) -> float:
        """F1 of the labels, each weighted by how often it occurs."""
        return float(ratio((self.f1 * self.actual).sum(), self.actual.sum()))


def measure(truth: Marks, scores: Scores, thresholds: Thresholds) -> Metrics:
    """Compares calibrated scores with the truth.

    Args:
        truth: 0 and 1, shape (b, l).
        scores: in [0, 1], shape (b, l).
        thresholds: their order is the label order.
    """
    return measure_predicted(truth, scores, thresholds.predicted(scores), thresholds)


def measure_predicted(
    truth: Marks, scores: Scores, predicted: Marks, thresholds: Thresholds
) -> Metrics:
    """As `measure`, for predictions that were made elsewhere; the thresholds are only quoted."""
    counts = Counts.of(truth, predicted)
    labels = tuple(thresholds.by_label)
    return Metrics(
        micro_f1=counts.micro_f1,
        macro_f1=float(counts.f1.mean()),
        weighted_f1=counts.weighted_f1,
        subset_accuracy=float((truth == predicted).all(axis=1).mean()) if len(truth) else 0.0,
        per_label=_per_label(counts, thresholds),
        ece=calibration_error(truth, scores),
        ece_per_label={
            label: calibration_error(truth[:, i], scores[:, i]) for i, label in enumerate(labels)
        },
        n=len(truth),
    )


def calibration_error(truth: Marks, scores: Scores, bins: int = ECE_BINS) -> float:
    """Expected calibration error with bins of equal width.

    The mean over scores of |share that is true - mean score| of the score's bin (Naeini and
    others, "Obtaining well calibrated probabilities using Bayesian binning", 2015).

    Args:
        truth: 0 and 1, any shape.
        scores: in [0, 1], the same shape.
        bins: how many.
    """
    flat = scores.ravel().astype(np.float64)
    if not flat.size:
        return 0.0
    places = np.minimum((flat * bins).astype(np.int64), bins - 1)
    said = np.bincount(places, weights=flat, minlength=bins)
    true = np.bincount(places, weights=truth.ravel(), minlength=bins)
    return float(np.abs(said - true).sum() / flat.size)


def ratio(part: Any, whole: Any) -> NDArray[np.float64]:
    """Part by whole, 0 where the whole is 0."""
    part, whole = np.asarray(part, dtype=np.float64), np.asarray(whole, dtype=np.float64)
    quotient: NDArray[np.float64] = np.divide(
        part, whole, out=np.zeros_like(whole), where=whole > 0
    )
    return quotient


def _per_label(counts: Counts, thresholds: Thresholds) -> dict[str, LabelMetrics]:
    columns = (counts.precision, counts.recall, counts.f1, counts.actual)
    return {
        label: LabelMetrics(
            precision=float(p), recall=float(r), f1=float(f), support=int(n), threshold=threshold
        )
        for (label, threshold), p, r, f, n in zip(
            thresholds.by_label.items(), *columns, strict=True
        )
    }
