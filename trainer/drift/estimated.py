"""How good predictions are where nobody labelled anything: what calibrated scores let one expect.

Confidence-based performance estimation (NannyML's CBPE) for many labels: a calibrated score is
the chance that its label applies, so a prediction is a true positive with that chance. It sees
tickets becoming harder and shares changing; it cannot see a label changing its meaning, and it is
no better than the calibration. Shapes: b tickets, l labels.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from classifier.scoring import Thresholds
from trainer.measure.metrics import ratio

Array = NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class Estimate:
    """A figure in [0, 1] and its standard error, the tickets being a sample of the stream."""

    value: float
    error: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Expected:
    """What is expected of one label, or of several together."""

    precision: Estimate
    recall: Estimate
    f1: Estimate


@dataclass(frozen=True, slots=True, kw_only=True)
class Quality:
    """What is expected of the predictions of b tickets.

    Attributes:
        micro: of all decisions taken together.
        macro: the means of the labels' figures.
        per_label: in label order.
    """

    micro: Expected
    macro: Expected
    per_label: Mapping[str, Expected]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Figure:
    """hits * true positives / (predicted * predictions + actual * true labels)."""

    hits: int
    predicted: int
    actual: int


_PRECISION = _Figure(hits=1, predicted=1, actual=0)
_RECALL = _Figure(hits=1, predicted=0, actual=1)
_F1 = _Figure(hits=2, predicted=1, actual=1)


def estimated_quality(scores: NDArray[np.floating[Any]], thresholds: Thresholds) -> Quality:
    """Expected precision, recall and F1 of predictions that nobody checked.

    The figures are ratios of expectations; their errors are by the delta method, with both the
    unknown truth and the choice of tickets as chance: the variance is the sum over tickets of
    the squared influence, expected over the truth (Huber's sandwich). Labels of one ticket are
    independent given its scores, as calibration by label says, but not across tickets.

    Args:
        scores: calibrated, in [0, 1], shape (b, l).
        thresholds: their order is the label order.
    """
    s = scores.astype(np.float64)
    predicted = thresholds.predicted(scores).astype(np.float64)
    labels = [_each(figure, s, predicted) for figure in (_PRECISION, _RECALL, _F1)]
    return Quality(
        micro=Expected(
            precision=_micro(_PRECISION, s, predicted),
            recall=_micro(_RECALL, s, predicted),
            f1=_micro(_F1, s, predicted),
        ),
        macro=Expected(
            precision=_macro(_PRECISION, s, predicted),
            recall=_macro(_RECALL, s, predicted),
            f1=_macro(_F1, s, predicted),
        ),
        per_label={
            label: Expected(precision=precision, recall=recall, f1=f1)
            for label, precision, recall, f1 in zip(thresholds.by_label, *labels, strict=True)
        },
    )


def _each(figure: _Figure, s: Array, predicted: Array) -> list[Estimate]:
    """The figure of each label."""
    value, size = _value(figure, s.sum(axis=0), predicted.sum(axis=0), (s * predicted).sum(axis=0))
    mean, spread = _influence(figure, s, predicted, value, size)
    errors = np.sqrt((mean**2 + spread).sum(axis=0))  # (l)
    return [Estimate(value=float(v), error=float(e)) for v, e in zip(value, errors, strict=True)]


def _micro(figure: _Figure, s: Array, predicted: Array) -> Estimate:
    value, size = _value(figure, s.sum(), predicted.sum(), (s * predicted).sum())
    return _together(float(value), *_influence(figure, s, predicted, value, size))


def _macro(figure: _Figure, s: Array, predicted: Array) -> Estimate:
    value, size = _value(figure, s.sum(axis=0), predicted.sum(axis=0), (s * predicted).sum(axis=0))
    mean, spread = _influence(figure, s, predicted, value, size)
    width = s.shape[1]
    return _together(float(value.mean()), mean / width, spread / width**2)


def _value(figure: _Figure, actual: Any, predicted: Any, hits: Any) -> tuple[Array, Array]:
    """The figure and its denominator, of sums of any shape."""
    size = np.asarray(figure.predicted * predicted + figure.actual * actual)
    return ratio(figure.hits * np.asarray(hits), size), size


def _influence(
    figure: _Figure, s: Array, predicted: Array, value: Array, size: Array
) -> tuple[Array, Array]:
    """Mean and variance over the truth of what each decision adds to the figure, both (b, l)."""
    slope = ratio(figure.hits * predicted - figure.actual * value, np.broadcast_to(size, s.shape))
    constant = ratio(-figure.predicted * value * predicted, np.broadcast_to(size, s.shape))
    return slope * s + constant, slope**2 * s * (1 - s)


def _together(value: float, mean: Array, spread: Array) -> Estimate:
    """Influences (b, l) that add up: of one ticket first, for its labels come together."""
    variance = (mean.sum(axis=1) ** 2).sum() + spread.sum()
    return Estimate(value=value, error=float(np.sqrt(variance)))
