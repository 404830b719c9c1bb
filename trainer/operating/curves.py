"""What each label's thresholds are worth: `operating_points.json`, from which people choose later.

The rows are those on which the artifact's own thresholds were chosen: the model did not learn from
them, and each was calibrated by the half of the rows that it is not in. The thresholds of the
points follow from the scores alone, so that no point was picked for its figures; whoever picks one
by its figures does that on these very rows, and `goals.py` allows for it.

Shapes: b tickets, l labels.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, ValidationError
from scipy.special import betaincinv

from classifier.artifacts import Artifact
from core.errors import ArtifactInvalid, Invalid
from trainer.measure.metrics import Marks

OPERATING_POINTS = "operating_points.json"
POINTS = 50
# One-sided; the two-sided interval between both bounds holds with 90 %.
CONFIDENCE = 0.95
_MEASURED_ON = (
    "rows that the model did not learn from, each calibrated by the half of them that it is not in"
)

Scores = NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class Share:
    """A part of some cases, in [0, 1], with its Clopper-Pearson bounds; 0 to 1 without a case."""

    value: float
    low: float
    high: float

    @classmethod
    def of(cls, part: float, whole: int) -> "Share":
        """The share of `part` in `whole`; a part may be expected rather than counted."""
        if not whole:
            return cls(value=0.0, low=0.0, high=1.0)
        low = betaincinv(part, whole - part + 1, 1 - CONFIDENCE) if part > 0 else 0.0
        high = betaincinv(part + 1, whole - part, CONFIDENCE) if part < whole else 1.0
        return cls(value=part / whole, low=float(low), high=float(high))


class Point(BaseModel):
    """One threshold on b rows.

    Attributes:
        threshold: the score from which the label would count, in [0, 1].
        predicted: rows at or over it.
        hits: those of them that carry the label.
        expected: hits that the scores promise: their sum over the predicted rows.
    """

    model_config = ConfigDict(frozen=True, extra="ignore")

    threshold: float
    predicted: int
    hits: int
    expected: float

    @property
    def precision(self) -> Share:
        """Right predictions among all predictions."""
        return Share.of(self.hits, self.predicted)


class Curve(BaseModel):
    """The points of one question by falling threshold; at the last, 0, everything is predicted.

    Attributes:
        rows: what was asked about.
        positives: those of which it is true.
    """

    model_config = ConfigDict(frozen=True)

    rows: int
    positives: int
    points: tuple[Point, ...]

    def recall(self, point: Point) -> Share:
        """Positives that are predicted; all of them at threshold 0."""
        if not point.threshold:
            return Share(value=1.0, low=1.0, high=1.0)
        return Share.of(point.hits, self.positives)

    def coverage(self, point: Point) -> Share:
        """Rows that are predicted; all of them at threshold 0."""
        if not point.threshold:
            return Share(value=1.0, low=1.0, high=1.0)
        return Share.of(point.predicted, self.rows)

    def at(self, threshold: float) -> Point:
        """The closest point that predicts no more than a threshold does; nothing if there is none.

        So it tells up to a sixth less predictions than there are.
        """
        nothing = Point(threshold=threshold, predicted=0, hits=0, expected=0.0)
        over = (point for point in reversed(self.points) if point.threshold >= threshold)
        return next(over, nothing)


class Curves(BaseModel):
    """The curves of a model.

    Attributes:
        labels: of each label: does the ticket carry it?
        all_labels: of all labels together: a row is a ticket and a label.
        any_label: of tickets: is the likeliest label right? With one threshold for all labels,
            its coverage is the share of tickets with at least one prediction.
    """

    model_config = ConfigDict(frozen=True, extra="ignore")

    labels: Mapping[str, Curve]
    all_labels: Curve
    any_label: Curve

    def save(self, folder: Path) -> None:
        """Writes the artifact's file: the counts, and what follows from them for readers."""
        document = {
            "measured_on": _MEASURED_ON,
            "confidence": CONFIDENCE,
            "labels": {label: _object(curve) for label, curve in self.labels.items()},
            "all_labels": _object(self.all_labels),
            "any_label": _object(self.any_label),
        }
        text = json.dumps(document, ensure_ascii=False)
        (folder / OPERATING_POINTS).write_text(text, encoding="utf-8")


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
    return Curve(
        rows=len(marks),
        positives=int(hits[-1]),
        points=tuple(
            Point(
                threshold=_between(ranked, count),
                predicted=count,
                hits=int(hits[count - 1]),
                expected=round(float(expected[count - 1]), 3),
            )
            for count in _counts(ranked)
        ),
    )


def read_curves(artifact: Artifact) -> Curves:
    """The curves of an artifact.

    Raises:
        Invalid: it has none.
        ArtifactInvalid: they are damaged.
    """
    if not artifact.has(OPERATING_POINTS):
        problem = f"{artifact.version} does not know what its thresholds are worth"
        raise Invalid("model", problem, "train a new one: `pointsman retrain`")
    try:
        return Curves.model_validate(artifact.read_json(OPERATING_POINTS))
    except ValidationError as error:
        raise ArtifactInvalid(f"{OPERATING_POINTS} of {artifact.path.name} is damaged") from error


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


def _object(curve: Curve) -> dict[str, Any]:
    return {
        "rows": curve.rows,
        "positives": curve.positives,
        "points": [
            {
                **point.model_dump(),
                "precision": round(point.precision.value, 4),
                "precision_low": round(point.precision.low, 4),
                "recall": round(curve.recall(point).value, 4),
                "coverage": round(curve.coverage(point).value, 4),
            }
            for point in curve.points
        ],
    }
