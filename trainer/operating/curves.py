"""What other thresholds would be worth, measured: the curves of `router.operating_points`.

Shapes: b tickets, l labels.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from scipy.special import betaincinv

from router.operating_points import CONFIDENCE, Curve, Curves, Point, Share
from trainer.measure.metrics import Marks

POINTS = 50
_WHOLE = Share(value=1.0, low=1.0, high=1.0)

Scores = NDArray[np.float64]


def share_of(part: float, whole: int) -> Share:
    """The share of `part` in `whole`; a part may be expected rather than counted."""
    if not whole:
        return Share(value=0.0, low=0.0, high=1.0)
    low = betaincinv(part, whole - part + 1, 1 - CONFIDENCE) if part > 0 else 0.0
    high = betaincinv(part + 1, whole - part, CONFIDENCE) if part < whole else 1.0
    return Share(value=part / whole, low=float(low), high=float(high))


def measure_curves(truth: Marks, scores: Scores, labels: Sequence[str]) -> Curves:
    """The curves of calibrated scores.

    Args:
        truth: 0 and 1, shape (b, l), b > 0.
        scores: in [0, 1], shape (b, l), of rows that neither model nor calibration learned from.
        labels: label order.
    """
    likeliest = scores.argmax(axis=1)[:, None]  # (b, 1)
    columns = zip(labels, truth.T, scores.T, strict=True)
    return Curves(
        labels={label: curve_of(marks, column) for label, marks, column in columns},
        all_labels=curve_of(truth.ravel(), scores.ravel()),
        any_label=curve_of(
            np.take_along_axis(truth, likeliest, axis=1)[:, 0],
            np.take_along_axis(scores, likeliest, axis=1)[:, 0],
        ),
    )


def curve_of(marks: NDArray[np.uint8], scores: Scores) -> Curve:
    """At most 50 points, each predicting about a sixth more rows than the one before.

    Args:
        marks: 0 and 1, shape (b), b > 0.
        scores: in [0, 1], shape (b).
    """
    order = np.argsort(-scores, kind="stable")
    ranked, hits = scores[order], marks[order].cumsum(dtype=np.int64)  # (b)
    expected = ranked.cumsum()
    rows, positives = len(marks), int(hits[-1])
    return Curve(
        rows=rows,
        positives=positives,
        points=tuple(
            _point(
                _between(ranked, count),
                predicted=count,
                hits=int(hits[count - 1]),
                expected=round(float(expected[count - 1]), 3),
                of=(rows, positives),
            )
            for count in _counts(ranked)
        ),
    )


def _point(
    threshold: float, *, predicted: int, hits: int, expected: float, of: tuple[int, int]
) -> Point:
    """A point of a curve `of` so many rows and positives."""
    rows, positives = of
    return Point(
        threshold=threshold,
        predicted=predicted,
        hits=hits,
        expected=expected,
        expected_low=share_of(expected, predicted).low,
        precision=share_of(hits, predicted),
        recall=share_of(hits, positives) if threshold else _WHOLE,
        coverage=share_of(predicted, rows) if threshold else _WHOLE,
    )


def _counts(ranked: Scores) -> list[int]:
    """How many rows each point predicts: none parts equal scores, the last predicts all."""
    rows = len(ranked)
    wanted = np.geomspace(1, rows, POINTS).round().astype(np.int64)
    # All rows with the same score are predicted or none is; -ranked is ascending.
    ends = np.searchsorted(-ranked, -ranked[wanted - 1], side="right")
    return [int(count) for count in np.unique(ends)]


def _between(ranked: Scores, count: int) -> float:
    """A threshold that exactly the first `count` rows reach."""
    if count == len(ranked):
        return 0.0
    last, following = float(ranked[count - 1]), float(ranked[count])
    middle = (last + following) / 2
    return middle if middle > following else last
