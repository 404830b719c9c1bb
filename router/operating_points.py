"""What each label's thresholds are worth: `operating_points.json`, from which people choose later.

The trainer measures it (`trainer/operating/curves.py`) and writes every bound with it, so that
who chooses needs no statistics. The rows are those on which the artifact's own thresholds were
chosen: the model did not learn from them, and each was calibrated by the half of the rows that it
is not in. The thresholds of the points follow from the scores alone, so that no point was picked
for its figures; whoever picks one by its figures does that on these very rows, and
`threshold_goals.py` allows for it.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, ValidationError

from classifier.artifacts import Artifact
from core.errors import ArtifactInvalid, Invalid

OPERATING_POINTS = "operating_points.json"
# One-sided; the two-sided interval between both bounds holds with 90 %.
CONFIDENCE = 0.95
_MEASURED_ON = (
    "rows that the model did not learn from, each calibrated by the half of them that it is not in"
)


class Share(BaseModel):
    """A part of some cases, in [0, 1], with its Clopper-Pearson bounds; 0 to 1 without a case."""

    model_config = ConfigDict(frozen=True)

    value: float
    low: float
    high: float

    @classmethod
    def none_of(cls, whole: int) -> "Share":
        """No case of `whole`: the one share whose bounds have a closed form."""
        return cls(value=0.0, low=0.0, high=1 - (1 - CONFIDENCE) ** (1 / whole) if whole else 1.0)


class Point(BaseModel):
    """One threshold on b rows.

    Attributes:
        threshold: the score from which the label would count, in [0, 1].
        predicted: rows at or over it.
        hits: those of them that carry the label.
        expected: hits that the scores promise: their sum over the predicted rows.
        expected_low: lower bound of the precision that they promise.
        precision: right predictions among all predictions.
        recall: positives that are predicted; all of them at threshold 0.
        coverage: rows that are predicted; all of them at threshold 0.
    """

    model_config = ConfigDict(frozen=True)

    threshold: float
    predicted: int
    hits: int
    expected: float
    expected_low: float
    precision: Share
    recall: Share
    coverage: Share


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

    def at(self, threshold: float) -> Point:
        """The closest point that predicts no more than a threshold does; nothing if there is none.

        So it tells up to a sixth less predictions than there are.
        """
        over = (point for point in reversed(self.points) if point.threshold >= threshold)
        return next(over, self._nothing(threshold))

    def _nothing(self, threshold: float) -> Point:
        return Point(
            threshold=threshold,
            predicted=0,
            hits=0,
            expected=0.0,
            expected_low=0.0,
            precision=Share.none_of(0),
            recall=Share.none_of(self.positives),
            coverage=Share.none_of(self.rows),
        )


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
        """Writes the artifact's file."""
        told: dict[str, Any] = {"measured_on": _MEASURED_ON, "confidence": CONFIDENCE}
        document = CurvesFile(**told, **dict(self))
        (folder / OPERATING_POINTS).write_text(document.model_dump_json(), encoding="utf-8")


class CurvesFile(Curves):
    """The curves with what a reader of the file should know."""

    measured_on: str
    confidence: float


def read_curves(artifact: Artifact) -> Curves:
    """The curves of an artifact.

    Raises:
        Invalid: it has none, or none with bounds.
        ArtifactInvalid: they are damaged.
    """
    fix = "train a new one: `pointsman retrain`"
    if not artifact.has(OPERATING_POINTS):
        problem = f"{artifact.version} does not know what its thresholds are worth"
        raise Invalid("model", problem, fix)
    document = artifact.read_json(OPERATING_POINTS)
    try:
        return Curves.model_validate(document)
    except ValidationError as error:
        if any(found["loc"][-1] == "expected_low" for found in error.errors()):
            problem = f"{artifact.version} tells its thresholds without their bounds"
            raise Invalid("model", problem, fix) from error
        raise ArtifactInvalid(f"{OPERATING_POINTS} of {artifact.path.name} is damaged") from error
