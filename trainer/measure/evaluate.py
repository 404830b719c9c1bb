"""What an artifact is worth on the rows of a file.

Shapes: b tickets, l labels.
"""

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from classifier.artifacts import Artifact, open_artifact
from classifier.labels import LabelSet
from classifier.linear import LinearModel
from classifier.scoring import Thresholds
from classifier.transformer import load_network
from router.ruleset import Ruleset
from trainer.data.dataset import Dataset, read_dataset
from trainer.measure.answers import Answers, by_label_group, by_language, languages_of
from trainer.measure.bootstrap import mean_interval, resample
from trainer.measure.departments import departments
from trainer.measure.metrics import Metrics

SUMMARY = ("micro_f1", "macro_f1", "weighted_f1", "subset_accuracy", "ece")

Predict = Callable[[Sequence[str]], NDArray[np.floating[Any]]]


def evaluate(
    model: Path,
    data: Path,
    *,
    rules: Ruleset | None = None,
    device: str = "auto",
    threads: int = 0,
) -> dict[str, Any]:
    """Measures an artifact on the rows of a file.

    Labels that the artifact does not know cannot be predicted; they are listed as `unknown_labels`
    and left out of the figures.

    Args:
        model: the artifact's folder.
        data: labelled tickets, `.jsonl` or `.jsonl.gz`.
        rules: what the answers are tried on.
        device: as `classifier.transformer.load_network`.
        threads: torch threads; 0 leaves torch's own choice.

    Returns:
        JSON-ready: `micro_f1, macro_f1, weighted_f1, subset_accuracy, ece, coverage`, each in
        [0, 1]; `intervals{figure: {value, low, high}}`, of 95 %;
        `per_label{label: {precision, recall, f1, support, threshold}}`;
        `by_language` and `by_label_group`, `{name: GroupFigures}`; without rules None, else
        `department_accuracy{value, low, high}`; `tickets_per_s`; `n`;
        `linear` with the same summary and `per_label`; `unknown_labels`; `refused_lines`.

    Raises:
        ArtifactInvalid: the artifact is incomplete or altered.
        Invalid: the file holds nothing to measure on.
    """
    artifact, dataset = open_artifact(model), read_dataset(data)
    answers, seconds = network_answers(artifact, dataset, device=device, threads=threads)
    unknown = {name for names in dataset.labels for name in names} - set(answers.labels)
    linear = linear_answers(artifact, dataset).measure()
    measured, languages = answers.measure(), languages_of(dataset.tickets)
    intervals = resample(answers.truth, answers.predicted).intervals()
    return {
        **summary(measured),
        "coverage": answers.coverage,
        "intervals": as_objects(intervals),
        "per_label": measured.as_object()["per_label"],
        "by_language": as_objects(by_language(answers, languages)) if languages else {},
        "by_label_group": as_objects(by_label_group(answers)),
        "department_accuracy": _department_accuracy(answers, dataset, rules),
        "tickets_per_s": round(len(dataset) / seconds, 1),
        "n": measured.n,
        "linear": {**summary(linear), "per_label": linear.as_object()["per_label"]},
        "unknown_labels": sorted(unknown),
        "refused_lines": len(dataset.problems),
    }


def summary(metrics: Metrics) -> dict[str, float]:
    """The figures of all labels together, each in [0, 1]."""
    return {name: getattr(metrics, name) for name in SUMMARY}


def as_objects(values: Mapping[str, Any]) -> dict[str, dict[str, float]]:
    """Dataclasses of numbers, JSON-ready."""
    return {name: asdict(value) for name, value in values.items()}


def _department_accuracy(
    answers: Answers, dataset: Dataset, rules: Ruleset | None
) -> dict[str, float] | None:
    if rules is None:
        return None
    true, predicted = departments(answers, dataset.tickets, rules, datetime.now(UTC))
    return asdict(mean_interval(np.array(true) == np.array(predicted)))


def network_answers(
    artifact: Artifact, dataset: Dataset, *, device: str, threads: int
) -> tuple[Answers, float]:
    """What an artifact's network says, and the seconds that took, loading and warm-up left out.

    Raises:
        ArtifactInvalid: the artifact is incomplete or altered.
    """
    network = load_network(artifact, device=device, threads=threads)
    network.warm_up()
    thresholds = Thresholds(by_label={label: network.thresholds[label] for label in network.labels})
    return _timed(network.predict, dataset, thresholds)


def linear_answers(artifact: Artifact, dataset: Dataset) -> Answers:
    """What an artifact's linear model says.

    Raises:
        ArtifactInvalid: its files are missing or altered.
    """
    linear = LinearModel.load(artifact)
    return _timed(linear.predict, dataset, linear.cutoffs)[0]


def _timed(predict: Predict, dataset: Dataset, thresholds: Thresholds) -> tuple[Answers, float]:
    labels = tuple(thresholds.by_label)
    truth = LabelSet(labels).binarise(dataset.only(labels).labels)
    began = time.monotonic()
    scores = predict(dataset.texts)
    seconds = max(time.monotonic() - began, 1e-9)
    return Answers.of(truth, scores, thresholds), seconds
