"""From a model's raw outputs to probabilities, and where a probability counts as a prediction.

numpy alone: the linear model uses it where torch is not wanted. How the numbers are fitted is
`trainer/`'s matter.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeGuard

import numpy as np
from numpy.typing import NDArray

from classifier.content_id import object_id
from core.errors import ArtifactInvalid


def sigmoid(z: NDArray[np.floating[Any]]) -> NDArray[np.float64]:
    """1 / (1 + exp(-z)) without overflow for any z, computed in float64."""
    small = np.exp(-np.abs(z, dtype=np.float64))
    return np.asarray(np.where(z >= 0, 1, small) / (1 + small))


@dataclass(frozen=True, slots=True, kw_only=True)
class Calibration:
    """Per label a slope a and an intercept b: p = sigmoid(a * z + b), z the raw output.

    Platt, "Probabilistic outputs for support vector machines", 1999, with the sign of a turned.

    Attributes:
        labels: label order, length l.
        slope: l finite numbers.
        intercept: l finite numbers.
    """

    labels: tuple[str, ...]
    slope: tuple[float, ...]
    intercept: tuple[float, ...]

    @classmethod
    def identity(cls, labels: Sequence[str]) -> "Calibration":
        """Leaves raw outputs as they are: the plain sigmoid."""
        n = len(labels)
        return cls(labels=tuple(labels), slope=(1.0,) * n, intercept=(0.0,) * n)

    def scores(self, logits: NDArray[np.floating[Any]]) -> NDArray[np.float32]:
        """Raw outputs (b, l) to calibrated probabilities in [0, 1], shape (b, l)."""
        z = np.asarray(self.slope) * logits + np.asarray(self.intercept)  # (b, l)
        return sigmoid(z).astype(np.float32)

    @property
    def version(self) -> str:
        """Content id: equal for equal numbers and labels."""
        return object_id(self.as_object())

    def as_object(self) -> dict[str, list[str] | list[float]]:
        """JSON-ready."""
        return {
            "labels": list(self.labels),
            "slope": list(self.slope),
            "intercept": list(self.intercept),
        }

    def save(self, path: Path) -> None:
        """Writes JSON."""
        path.write_text(json.dumps(self.as_object(), ensure_ascii=False), encoding="utf-8")

    @classmethod
    def parse(cls, value: Any, labels: Sequence[str]) -> "Calibration":
        """Reads what `as_object` gave, as bytes of JSON or already decoded.

        Raises:
            ArtifactInvalid: it is damaged or belongs to other labels.
        """
        fields = _decoded(value, "calibration")
        slope, intercept = fields.get("slope"), fields.get("intercept")
        if fields.get("labels") != list(labels):
            raise ArtifactInvalid("the calibration belongs to other labels")
        if not _are_numbers(slope, len(labels)) or not _are_numbers(intercept, len(labels)):
            raise ArtifactInvalid("the calibration does not hold two finite numbers a label")
        return cls(labels=tuple(labels), slope=tuple(slope), intercept=tuple(intercept))


@dataclass(frozen=True, slots=True, kw_only=True)
class Thresholds:
    """Per label the score in [0, 1] from which it counts as predicted.

    Attributes:
        by_label: one entry a label, in label order.
    """

    by_label: Mapping[str, float]

    @classmethod
    def uniform(cls, labels: Sequence[str], value: float = 0.5) -> "Thresholds":
        """The same threshold for every label."""
        return cls(by_label=dict.fromkeys(labels, value))

    @property
    def array(self) -> NDArray[np.float64]:
        """Shape (l)."""
        return np.array(list(self.by_label.values()))

    def predicted(self, scores: NDArray[np.floating[Any]]) -> NDArray[np.uint8]:
        """Scores (b, l) to 0 and 1, shape (b, l); a score equal to its threshold counts."""
        return (scores >= self.array).astype(np.uint8)

    @property
    def version(self) -> str:
        """Content id: equal for equal numbers and labels."""
        return object_id(self.as_object())

    def as_object(self) -> dict[str, float]:
        """JSON-ready."""
        return dict(self.by_label)

    def save(self, path: Path) -> None:
        """Writes JSON that people can edit: label to threshold."""
        text = json.dumps(self.as_object(), ensure_ascii=False, indent=1)
        path.write_text(text, encoding="utf-8")

    @classmethod
    def parse(cls, value: Any, labels: Sequence[str]) -> "Thresholds":
        """Reads what `as_object` gave, as bytes of JSON or already decoded.

        Raises:
            ArtifactInvalid: it is damaged, out of range or belongs to other labels.
        """
        fields = _decoded(value, "thresholds")
        if set(fields) != set(labels):
            raise ArtifactInvalid("the thresholds belong to other labels")
        values = [fields[label] for label in labels]
        if not _are_numbers(values, len(labels)) or not all(0 <= v <= 1 for v in values):
            raise ArtifactInvalid("a threshold is not a number from 0 to 1")
        return cls(by_label=dict(zip(labels, values, strict=True)))


def _decoded(value: Any, what: str) -> dict[str, Any]:
    try:
        fields = json.loads(value) if isinstance(value, bytes) else value
    except ValueError as error:
        raise ArtifactInvalid(f"the {what} are not JSON") from error
    if not isinstance(fields, dict):
        raise ArtifactInvalid(f"the {what} are not a JSON object")
    return fields


def _are_numbers(values: Any, count: int) -> TypeGuard[list[float]]:
    """Whether it is a list of `count` finite numbers (JSON's NaN and true are none)."""
    return (
        isinstance(values, list)
        and len(values) == count
        and all(isinstance(v, int | float) and not isinstance(v, bool) for v in values)
        and bool(np.isfinite(np.array(values, dtype=float)).all())
    )
