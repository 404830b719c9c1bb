"""Two models on the same rows: what each is worth, and whether the difference is more than chance.

Shapes: b tickets, l labels.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from classifier.artifacts import Artifact, open_artifact
from core.errors import Invalid
from trainer.data.dataset import Dataset, read_dataset
from trainer.measure.answers import Answers
from trainer.measure.bootstrap import (
    Difference,
    Interval,
    differences,
    label_differences,
    resample,
)
from trainer.measure.evaluate import as_objects, network_answers, summary
from trainer.measure.metrics import Metrics


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """One model's figures, with intervals of 95 %.

    Attributes:
        metrics: as measured.
        intervals: of micro, macro and weighted F1 and subset accuracy.
        label_f1: of each label's F1.
        coverage: share of tickets with a predicted label.
    """

    metrics: Metrics
    intervals: Mapping[str, Interval]
    label_f1: Mapping[str, Interval]
    coverage: float

    def as_object(self) -> dict[str, Any]:
        """JSON-ready."""
        measured = self.metrics.as_object()
        return {
            **summary(self.metrics),
            "coverage": self.coverage,
            "intervals": as_objects(self.intervals),
            "per_label": measured["per_label"],
            "ece_per_label": measured["ece_per_label"],
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """Two models on the same rows; differences are second minus first.

    Attributes:
        first: the one that is there.
        second: the one that is looked at.
        figures: figure to difference.
        per_label: label to difference of F1, in label order.
    """

    first: Judged
    second: Judged
    figures: Mapping[str, Difference]
    per_label: Mapping[str, Difference]


def contrast(first: Answers, second: Answers, seed: int = 0) -> Comparison:
    """Judges both and pairs them by row.

    Args:
        first: b rows, l labels.
        second: the same rows and labels.
        seed: of the resampling.

    Raises:
        Invalid: they are about other rows or labels.
    """
    if first.labels != second.labels or (first.truth != second.truth).any():
        fix = "measure both on the same labelled rows"
        raise Invalid("models", "were not measured on the same rows and labels", fix)
    one, other = (resample(side.truth, side.predicted, seed=seed) for side in (first, second))
    by_label = zip(first.labels, label_differences(one, other), strict=True)
    return Comparison(
        first=_judged(first, one.intervals(), one.label_intervals()),
        second=_judged(second, other.intervals(), other.label_intervals()),
        figures=differences(one, other),
        per_label=dict(by_label),
    )


def compare(
    first: Path, second: Path, data: Path, *, device: str = "auto", threads: int = 0
) -> dict[str, Any]:
    """Measures two artifacts on the rows of a file.

    Labels that only one of them knows are listed and left out of every figure.

    Args:
        first: folder of an artifact.
        second: folder of another.
        data: labelled tickets, `.jsonl` or `.jsonl.gz`.
        device: as `classifier.transformer.load_network`.
        threads: torch threads; 0 leaves torch's own choice.

    Returns:
        JSON-ready: `n`; `labels`, the common ones; `first` and `second`, each with `version`,
        `micro_f1, macro_f1, weighted_f1, subset_accuracy, ece, coverage`, `intervals`,
        `per_label`, `ece_per_label`, `tickets_per_s`, `bytes` of the folder and `only_here`, the
        labels that the other does not know; `difference{figure: {value, low, high, p_value}}`,
        second minus first; `per_label{label: the same of F1}`.

    Raises:
        ArtifactInvalid: an artifact is incomplete or altered.
        Invalid: the file holds nothing to measure on, or no label is known to both.
    """
    artifacts, dataset = (open_artifact(first), open_artifact(second)), read_dataset(data)
    common = _common(*artifacts)
    answers, rates = zip(
        *(_answers(artifact, dataset, device, threads) for artifact in artifacts), strict=True
    )
    found = contrast(*(side.only(common) for side in answers))
    sides = zip(artifacts, (found.first, found.second), rates, strict=True)
    one, other = (_side(artifact, judged, rate, common) for artifact, judged, rate in sides)
    return {
        "n": len(dataset),
        "labels": list(common),
        "first": one,
        "second": other,
        "difference": as_objects(found.figures),
        "per_label": as_objects(found.per_label),
    }


def _judged(answers: Answers, intervals: dict[str, Interval], labels: list[Interval]) -> Judged:
    return Judged(
        metrics=answers.measure(),
        intervals=intervals,
        label_f1=dict(zip(answers.labels, labels, strict=True)),
        coverage=answers.coverage,
    )


def _common(first: Artifact, second: Artifact) -> tuple[str, ...]:
    common = tuple(label for label in first.labels if label in second.labels)
    if not common:
        raise Invalid("artifacts", "share no label", "compare models of the same labels")
    return common


def _answers(
    artifact: Artifact, dataset: Dataset, device: str, threads: int
) -> tuple[Answers, float]:
    """With tickets per second."""
    answers, seconds = network_answers(artifact, dataset, device=device, threads=threads)
    return answers, len(dataset) / seconds


def _side(
    artifact: Artifact, judged: Judged, rate: float, common: tuple[str, ...]
) -> dict[str, Any]:
    return {
        "version": artifact.version,
        **judged.as_object(),
        "tickets_per_s": round(rate, 1),
        "bytes": sum(mark.size for mark in artifact.manifest.files.values()),
        "only_here": [label for label in artifact.labels if label not in common],
    }
