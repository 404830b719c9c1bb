"""What an artifact is worth on a labelled file, with its linear model beside it."""

import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from classifier.artifacts import open_artifact
from classifier.labels import LabelSet
from classifier.linear import LinearModel
from classifier.scoring import Thresholds
from classifier.transformer import load_network
from trainer.dataset import Dataset, read_dataset
from trainer.metrics import Metrics, measure

SUMMARY = ("micro_f1", "macro_f1", "weighted_f1", "subset_accuracy", "ece")

Predict = Callable[[Sequence[str]], NDArray[np.floating[Any]]]


def evaluate(model: Path, data: Path, *, device: str = "auto", threads: int = 0) -> dict[str, Any]:
    """Measures an artifact on the rows of a file.

    Labels that the artifact does not know cannot be predicted; they are listed as `unknown_labels`
    and left out of the figures.

    Args:
        model: the artifact's folder.
        data: labelled tickets, `.jsonl` or `.jsonl.gz`.
        device: as `classifier.transformer.load_network`.
        threads: torch threads; 0 leaves torch's own choice.

    Returns:
        JSON-ready: `micro_f1, macro_f1, weighted_f1, subset_accuracy, ece`, each in [0, 1];
        `per_label{label: {precision, recall, f1, support, threshold}}`; `tickets_per_s`; `n`;
        `linear` with the same summary of the linear model; `unknown_labels`; `refused_lines`.

    Raises:
        ArtifactInvalid: the artifact is incomplete or altered.
        Invalid: the file holds nothing to measure on.
    """
    artifact, dataset = open_artifact(model), read_dataset(data)
    network = load_network(artifact, device=device, threads=threads)
    network.warm_up()
    measured, seconds = _timed(network.predict, dataset, network.labels, network.thresholds)
    linear = LinearModel.load(artifact)
    beside, _ = _timed(linear.predict, dataset, linear.labels, linear.thresholds)
    unknown = {name for names in dataset.labels for name in names} - set(network.labels)
    return {
        **summary(measured),
        "per_label": measured.as_object()["per_label"],
        "tickets_per_s": round(len(dataset) / seconds, 1),
        "n": measured.n,
        "linear": summary(beside),
        "unknown_labels": sorted(unknown),
        "refused_lines": len(dataset.problems),
    }


def summary(metrics: Metrics) -> dict[str, float]:
    """The figures of all labels together, each in [0, 1]."""
    return {name: getattr(metrics, name) for name in SUMMARY}


def _timed(
    predict: Predict, dataset: Dataset, labels: tuple[str, ...], thresholds: Any
) -> tuple[Metrics, float]:
    truth = LabelSet(labels).binarise(dataset.only(labels).labels)
    began = time.monotonic()
    scores = predict(dataset.texts)
    seconds = max(time.monotonic() - began, 1e-9)
    ordered = Thresholds(by_label={label: thresholds[label] for label in labels})
    return measure(truth, scores, ordered), seconds
