"""What a model is worth, for people: the figures of all labels together and of each."""

from collections.abc import Iterator, Mapping
from typing import Any

from trainer.job.request import TrainOutcome

_FIGURES = ("micro_f1", "macro_f1", "weighted_f1", "subset_accuracy", "ece")


def figure_lines(metrics: Mapping[str, Any]) -> Iterator[str]:
    """A line for each figure of the model, with the linear model's beside it."""
    yield f"{'':<16}  model  linear"
    for name in _FIGURES:
        yield f"{name:<16}  {metrics[name]:.3f}  {metrics['linear'][name]:.3f}"


def label_lines(metrics: Mapping[str, Any]) -> Iterator[str]:
    """A line for each label, most frequent first."""
    labels = sorted(metrics["per_label"].items(), key=lambda item: (-item[1]["support"], item[0]))
    width = max((len(name) for name, _ in labels), default=0)
    yield f"{'label':<{width}}  precision  recall     f1  support"
    for name, of in labels:
        yield (
            f"{name:<{width}}  {of['precision']:>9.3f}  {of['recall']:>6.3f}  "
            f"{of['f1']:>5.3f}  {of['support']:>7}"
        )


def trained_object(outcome: TrainOutcome) -> dict[str, Any]:
    """What `train --json` ends with."""
    metrics = outcome.metrics
    return {
        "out": str(outcome.artifact.path),
        "version": outcome.artifact.version,
        "cached": outcome.cached,
        **{name: metrics[name] for name in _FIGURES},
        "linear": {name: metrics["linear"][name] for name in _FIGURES},
        "excluded_labels": metrics["excluded_labels"],
    }
