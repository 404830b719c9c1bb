"""The linear model: TF-IDF of words and word pairs times one weight vector a label.

It is the rung under the network: it loads from the same folder without torch, from its own
files, with its own calibration and thresholds. Fitting is `trainer/`'s matter; it must split
texts with `terms` of this module.
"""

import json
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from safetensors import SafetensorError
from safetensors.numpy import load_file, save_file

from classifier.arrangement import Arrangement, parse_arrangement
from classifier.artifacts import Artifact
from classifier.scoring import Calibration, Thresholds
from core.errors import ArtifactInvalid

ARRAYS = "linear.safetensors"
DESCRIPTION = "linear.json"
_WORD = re.compile(r"\w\w+")


def terms(text: str) -> list[str]:
    """Lower-cased words of two characters or more, then their neighbouring pairs."""
    words = _WORD.findall(text.lower())
    return words + [f"{first} {second}" for first, second in pairwise(words)]


def word_places(text: str) -> list[tuple[str, int]]:
    """The words of `terms`, each with the place in the text where it begins."""
    lowered = text.lower()
    if len(lowered) == len(text):
        return [(m.group(), m.start()) for m in _WORD.finditer(lowered)]
    places = [place for place, character in enumerate(text) for _ in character.lower()]
    return [(m.group(), places[m.start()]) for m in _WORD.finditer(lowered)]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class LinearModel:
    """Sublinear TF-IDF with unit length (Salton and Buckley, 1988) under a linear layer.

    Shapes: v terms, r rows of raw scores, l labels; r is l where there is no arrangement.

    Attributes:
        vocabulary: terms in the order of the arrays' rows, v of them.
        idf: inverse document frequency, float32 (v).
        coef: float32 (v, r).
        intercept: float32 (r).
        calibration: of the raw scores; its labels are the model's.
        cutoffs: from which calibrated score each label counts.
        arrangement: how rows become labels; None for one a label, in order.
    """

    vocabulary: tuple[str, ...]
    idf: NDArray[np.float32]
    coef: NDArray[np.float32]
    intercept: NDArray[np.float32]
    calibration: Calibration
    cutoffs: Thresholds
    arrangement: Arrangement | None = None
    rows: Mapping[str, int] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "rows", {term: row for row, term in enumerate(self.vocabulary)})

    @property
    def labels(self) -> tuple[str, ...]:
        """Label order."""
        return self.calibration.labels

    @property
    def thresholds(self) -> Mapping[str, float]:
        """Label to score in [0, 1]."""
        return self.cutoffs.by_label

    @property
    def calibration_version(self) -> str:
        """Content id of the calibration."""
        return self.calibration.version

    def logits(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Raw scores, shape (b, l); a text without a known term gives the intercept."""
        raw = np.tile(self.intercept, (len(texts), 1))  # (b, r)
        for i, text in enumerate(texts):
            rows, weights = self._weights(text)
            if rows:
                raw[i] += weights @ self.coef[rows]  # (n) @ (n, r)
        return raw if self.arrangement is None else self.arrangement.apply(raw)  # (b, l)

    def predict(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Calibrated probabilities, shape (b, l), in the order of the texts."""
        return self.calibration.scores(self.logits(texts))

    def contributions(self, text: str, label: int) -> dict[str, float]:
        """What each known term of a text adds to the log-odds of a label's calibrated score.

        Of several rows that speak for the label the one that counted is told.

        Args:
            text: any.
            label: its column.
        """
        rows, weights = self._weights(text)
        row, scale = label, 1.0
        if self.arrangement is not None:
            raw = self.intercept + weights @ self.coef[rows]  # (r)
            sources = self.arrangement.sources[label]
            won = max(sources, key=lambda source: source.scale * raw[source.row] + source.shift)
            row, scale = won.row, won.scale
        added = weights * self.coef[rows, row] * (scale * self.calibration.slope[label])  # (n)
        return {self.vocabulary[at]: float(x) for at, x in zip(rows, added, strict=True)}

    def save(self, folder: Path) -> None:
        """Writes `linear.safetensors` and `linear.json`."""
        arrays = {"idf": self.idf, "coef": self.coef, "intercept": self.intercept}
        packed = {name: np.ascontiguousarray(part, np.float32) for name, part in arrays.items()}
        save_file(packed, folder / ARRAYS)
        description = {
            "labels": list(self.labels),
            "vocabulary": list(self.vocabulary),
            "calibration": self.calibration.as_object(),
            "thresholds": self.cutoffs.as_object(),
            "arrangement": None if self.arrangement is None else asdict(self.arrangement),
        }
        text = json.dumps(description, ensure_ascii=False)
        (folder / DESCRIPTION).write_text(text, encoding="utf-8")

    @classmethod
    def load(cls, artifact: Artifact) -> "LinearModel":
        """Reads its own two files of an artifact and looks at no other.

        Raises:
            ArtifactInvalid: one of them is missing, altered or does not fit the other.
        """
        artifact.verify(ARRAYS)
        fields = artifact.read_json(DESCRIPTION)
        try:
            arrays = load_file(artifact.path / ARRAYS)
            return _checked(artifact, fields, arrays)
        except (SafetensorError, KeyError, TypeError, OSError) as error:
            raise ArtifactInvalid(f"{DESCRIPTION} and {ARRAYS} are not a linear model") from error

    def _weights(self, text: str) -> tuple[list[int], NDArray[np.float32]]:
        """Rows of the known terms of a text, and their weights with length 1."""
        found = Counter(terms(text))
        known = [(self.rows[term], n) for term, n in found.items() if term in self.rows]
        rows = [row for row, _ in known]
        counts = np.array([n for _, n in known], dtype=np.float32)
        weights = (1 + np.log(counts)) * self.idf[rows]
        return rows, weights / max(float(np.linalg.norm(weights)), 1e-12)


def _checked(
    artifact: Artifact, fields: dict[str, Any], arrays: dict[str, NDArray[np.float32]]
) -> LinearModel:
    labels = artifact.labels
    vocabulary = tuple(fields["vocabulary"])
    raw = fields.get("arrangement")
    v, rows = len(vocabulary), len(labels) if raw is None else arrays["intercept"].size
    shapes = {"idf": (v,), "coef": (v, rows), "intercept": (rows,)}
    for name, shape in shapes.items():
        if arrays[name].shape != shape or not np.isfinite(arrays[name]).all():
            raise ArtifactInvalid(f"{ARRAYS}: {name} is not {shape} finite numbers")
    return LinearModel(
        vocabulary=vocabulary,
        calibration=Calibration.parse(fields["calibration"], labels),
        cutoffs=Thresholds.parse(fields["thresholds"], labels),
        arrangement=(
            None if raw is None else parse_arrangement(raw, labels=len(labels), rows=rows)
        ),
        **arrays,
    )
