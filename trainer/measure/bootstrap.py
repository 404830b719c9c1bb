"""How far a figure could be off: intervals and comparisons from resampled rows.

Every figure here is a ratio of counts over rows, so a resample is a row of weights and all of
them together are one matrix product. Equal seeds draw equal rows, which is what pairs two models.

Shapes: b tickets, l labels, r resamples. Arrays of draws have 1 + r rows; the first is the
figure on the rows as they are.

Sources: Efron and Tibshirani, "An introduction to the bootstrap", 1993, chapter 13 (percentile
intervals); Koehn, "Statistical significance tests for machine translation evaluation", 2004
(pairing); Berg-Kirkpatrick, Burkett and Klein, "An empirical investigation of statistical
significance in NLP", 2012 (the p-value).
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from trainer.measure.metrics import Marks, ratio

# Efron and Tibshirani, section 14.3: 1,000 for percentiles at 2.5 %, where 200 do for a variance.
RESAMPLES = 1000
CONFIDENCE = 0.95
# Row weights held at once: 8 MB as float32, whatever b is.
_MAX_CELLS = 2_000_000

Array = NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class Interval:
    """A figure and between which bounds it lies with the confidence asked for."""

    value: float
    low: float
    high: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """Second minus first, its bounds, and how often chance alone shows as much, in (0, 1]."""

    value: float
    low: float
    high: float
    p_value: float

    @property
    def is_clear(self) -> bool:
        """Whether the bounds leave zero out."""
        return self.low > 0 or self.high < 0


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Resampled:
    """The figures of one model on its rows and on resamples of them.

    Attributes:
        figures: micro, macro and weighted F1 and subset accuracy to draws, shape (1 + r).
        f1: of each label, shape (1 + r, l); 0 where a resample holds nothing of the label.
    """

    figures: Mapping[str, Array]
    f1: Array

    def intervals(self, confidence: float = CONFIDENCE) -> dict[str, Interval]:
        """An interval a figure."""
        return {name: interval(draws, confidence) for name, draws in self.figures.items()}

    def label_intervals(self, confidence: float = CONFIDENCE) -> list[Interval]:
        """An interval of F1 a label, in label order."""
        return [interval(draws, confidence) for draws in self.f1.T]


def resample(
    truth: Marks, predicted: Marks, *, seed: int = 0, resamples: int = RESAMPLES
) -> Resampled:
    """Draws rows with replacement and measures each draw.

    Args:
        truth: 0 and 1, shape (b, l).
        predicted: 0 and 1, shape (b, l).
        seed: equal seeds draw equal rows where b is equal.
        resamples: r.
    """
    counts = _counts(truth, predicted)  # (b, 3l + 1)
    sums = np.concatenate(
        [
            counts.sum(axis=0, keepdims=True, dtype=np.float64),
            *(
                (weights @ counts).astype(np.float64)
                for weights in _weights(len(truth), resamples, seed)
            ),
        ]
    )
    return _measured(sums, len(truth))


def interval(draws: Array, confidence: float = CONFIDENCE) -> Interval:
    """The percentile interval.

    Args:
        draws: shape (1 + r).
        confidence: in (0, 1).
    """
    low, high = _bounds(draws, confidence)
    return Interval(value=float(draws[0]), low=low, high=high)


def difference(first: Array, second: Array, confidence: float = CONFIDENCE) -> Difference:
    """Second minus first, draw by draw.

    The p-value is two-sided: the share of draws that lie as far from the difference found as that
    lies from zero, the found one counted in.

    Args:
        first: draws, shape (1 + r).
        second: draws on the same rows, shape (1 + r).
        confidence: in (0, 1).
    """
    gained = second - first
    low, high = _bounds(gained, confidence)
    # Equal counts give equal floats; the margin is for draws that differ in the last digit.
    as_far = np.abs(gained[1:] - gained[0]) >= np.abs(gained[0]) - 1e-12
    p_value = float((1 + as_far.sum()) / len(gained))
    return Difference(value=float(gained[0]), low=low, high=high, p_value=p_value)


def differences(
    first: Resampled, second: Resampled, confidence: float = CONFIDENCE
) -> dict[str, Difference]:
    """A difference a figure; both must come from the same rows and seed."""
    return {
        name: difference(draws, second.figures[name], confidence)
        for name, draws in first.figures.items()
    }


def label_differences(
    first: Resampled, second: Resampled, confidence: float = CONFIDENCE
) -> list[Difference]:
    """A difference of F1 a label; both must come from the same rows and seed."""
    pairs = zip(first.f1.T, second.f1.T, strict=True)
    return [difference(one, other, confidence) for one, other in pairs]


def mean_interval(
    values: NDArray[np.bool_], *, seed: int = 0, confidence: float = CONFIDENCE
) -> Interval:
    """The share of rows that hold something, with its interval.

    Args:
        values: shape (b).
        seed: of the draws.
        confidence: in (0, 1).
    """
    column = values.astype(np.float32)[:, None]  # (b, 1)
    draws = [weights @ column for weights in _weights(len(values), RESAMPLES, seed)]
    sums = np.concatenate([column.sum(axis=0, keepdims=True), *draws])[:, 0].astype(np.float64)
    return interval(sums / max(len(values), 1), confidence)


def _counts(truth: Marks, predicted: Marks) -> NDArray[np.float32]:
    """Hits, predicted and actual of each label, then exact matches; float32 counts to 16 million.

    Shape (b, 3l + 1).
    """
    exact = (truth == predicted).all(axis=1, keepdims=True)
    return np.hstack([truth & predicted, predicted, truth, exact]).astype(np.float32)


def _weights(rows: int, resamples: int, seed: int) -> Iterator[NDArray[np.float32]]:
    """How often each row is drawn, some resamples at a time: shape (some, b)."""
    chance = np.random.default_rng(seed)
    at_once = max(1, _MAX_CELLS // max(rows, 1))
    for start in range(0, resamples, at_once):
        some = min(at_once, resamples - start)
        drawn = chance.integers(0, max(rows, 1), (some, rows)) + rows * np.arange(some)[:, None]
        counted = np.bincount(drawn.ravel(), minlength=some * rows)
        yield counted.reshape(some, rows).astype(np.float32)


def _measured(sums: Array, rows: int) -> Resampled:
    """Sums (1 + r, 3l + 1) to figures."""
    hits, predicted, actual = np.split(sums[:, :-1], 3, axis=1)  # (1 + r, l)
    f1 = ratio(2 * hits, predicted + actual)
    both = predicted.sum(axis=1) + actual.sum(axis=1)
    figures = {
        "micro_f1": ratio(2 * hits.sum(axis=1), both),
        "macro_f1": f1.mean(axis=1),
        "weighted_f1": ratio((f1 * actual).sum(axis=1), actual.sum(axis=1)),
        "subset_accuracy": sums[:, -1] / max(rows, 1),
    }
    return Resampled(figures=figures, f1=f1)


def _bounds(draws: Array, confidence: float) -> tuple[float, float]:
    tail = (1 - confidence) / 2
    low, high = np.quantile(draws[1:], (tail, 1 - tail))
    return float(low), float(high)
