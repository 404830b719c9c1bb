"""Label surgery: a model whose labels were renamed, merged, retired or added to, without training.

No weight of the network changes. Its labels are read from its rows in another way
(`classifier.arrangement`), so that every other label keeps its scores to the last bit, its
calibration and its threshold. A label that is added gets a row of its own
(`trainer.labels.added_label`).

Merged labels: the new one has the highest of its parts' calibrated scores, moved in log odds so
that their thresholds fall together. So it is predicted exactly where one of its parts was, which
no refit on the few tickets at hand could promise, and its score is calibrated as theirs were as
long as their thresholds agree. The next training learns the union itself.

What lies in a folder is `trainer.labels.operated`'s matter.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from classifier.arrangement import Arrangement, Source
from classifier.linear import LinearModel
from classifier.scoring import Calibration, Thresholds, sigmoid
from core.errors import Invalid
from router.operating_points import Curves
from trainer.labels.added_label import (
    Background,
    NewLabel,
    Served,
    add_label,
    log_odds,
    with_label,
)
from trainer.labels.arranging import arrangement_of, rearranged
from trainer.operating.held_out import OperatingPoint

# Thresholds nearer to 0 or 1 are as good as there.
_EDGE = 1e-6
_ABOUT_THE_TRAINING = ("history", "measured_on", "excluded_labels", "notes", "seconds", "n")


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """A label to come, and the labels that it is made of: itself alone if nothing changes."""

    name: str
    parts: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Body:
    """What surgery works on: the network and the linear model, and what was measured of them.

    Attributes:
        served: the network.
        linear: with the same labels in the same order.
        metrics: as `metrics.json` holds them.
        curves: what other thresholds are worth; those about all labels together stay as they were
            measured. None where the model has none.
    """

    served: Served
    linear: LinearModel
    metrics: Mapping[str, Any]
    curves: Curves | None = None

    @property
    def labels(self) -> tuple[str, ...]:
        """Label order."""
        return self.served.model.labels


def regrouped(body: Body, groups: Sequence[Group]) -> Body:
    """The model with these labels and no others, in this order.

    Args:
        body: left as it is.
        groups: which of its labels make up each; one that is in none is gone.

    Raises:
        Invalid: no label is left.
    """
    if not groups:
        raise Invalid("labels", "none would be left", "add another label first")
    model, linear = body.served.model, body.linear
    network = _regrouped(arrangement_of(model), body.served.point, groups)
    names = {group.parts[0]: group.name for group in groups if len(group.parts) == 1}
    rows = linear.arrangement or Arrangement.plain(len(linear.labels))
    words = _regrouped(rows, _point(linear), groups)
    return Body(
        served=Served(
            model=rearranged(model, [group.name for group in groups], network[0]),
            tokenizer=body.served.tokenizer,
            point=network[1],
        ),
        linear=_with_point(linear, *words),
        metrics=_carried(body.metrics, names, is_whole=set(names) == set(body.labels)),
        curves=body.curves
        and body.curves.model_copy(update={"labels": _renamed(body.curves.labels, names)}),
    )


def merge_groups(labels: Sequence[str], parts: Sequence[str], into: str) -> list[Group]:
    """Groups that make some labels one, which stands where the first of them stood.

    A name that is not among the labels is left out, and `into` may be one of the parts.
    """
    wanted = {*parts, into}
    found = tuple(name for name in labels if name in wanted)
    return [
        Group(name=into, parts=found) if name in wanted else Group(name=name, parts=(name,))
        for name in labels
        if name not in found[1:]
    ]


def with_new(body: Body, new: NewLabel, background: Background) -> Body:
    """The model with one label more.

    The linear model knows nothing of it until the next training: there the label has the score
    that fits its expected frequency, for every ticket, and is never predicted.

    Args:
        body: left as it is.
        new: the label.
        background: other tickets.

    Raises:
        Invalid: the label is there already.
    """
    return replace(
        body,
        served=add_label(body.served, new, background),
        linear=silent_on(body.linear, new.name, background.frequency),
        metrics=_carried(body.metrics, {name: name for name in body.labels}, is_whole=False),
    )


def silent_on(linear: LinearModel, name: str, frequency: float) -> LinearModel:
    """The linear model with a label that it gives the same low score to every ticket."""
    rows = linear.arrangement or Arrangement.plain(len(linear.labels))
    constant = (Source(row=0, scale=0.0, shift=log_odds(frequency)),)
    alone = OperatingPoint(
        calibration=Calibration.identity((name,)),
        thresholds=Thresholds.uniform((name,), 1.0),
    )
    arrangement = Arrangement(sources=(*rows.sources, constant))
    return _with_point(linear, arrangement, with_label(_point(linear), alone))


def _point(linear: LinearModel) -> OperatingPoint:
    return OperatingPoint(calibration=linear.calibration, thresholds=linear.cutoffs)


def _with_point(
    linear: LinearModel, arrangement: Arrangement, point: OperatingPoint
) -> LinearModel:
    return replace(
        linear, arrangement=arrangement, calibration=point.calibration, cutoffs=point.thresholds
    )


def _regrouped(
    arrangement: Arrangement, point: OperatingPoint, groups: Sequence[Group]
) -> tuple[Arrangement, OperatingPoint]:
    places = {name: place for place, name in enumerate(point.calibration.labels)}
    made = [_made(arrangement, point, [places[part] for part in x.parts]) for x in groups]
    names = tuple(group.name for group in groups)
    return (
        Arrangement(sources=tuple(one.sources for one in made)),
        replace(
            point,
            calibration=Calibration(
                labels=names,
                slope=tuple(one.slope for one in made),
                intercept=tuple(one.intercept for one in made),
            ),
            thresholds=Thresholds(
                by_label={name: one.threshold for name, one in zip(names, made, strict=True)}
            ),
        ),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Made:
    """One label of a model, with all that leads from rows to a prediction."""

    sources: tuple[Source, ...]
    slope: float
    intercept: float
    threshold: float


def _made(arrangement: Arrangement, point: OperatingPoint, places: Sequence[int]) -> _Made:
    parts = [
        _Made(
            sources=arrangement.sources[place],
            slope=point.calibration.slope[place],
            intercept=point.calibration.intercept[place],
            threshold=list(point.thresholds.by_label.values())[place],
        )
        for place in places
    ]
    return parts[0] if len(parts) == 1 else _union(parts)


def _union(parts: Sequence[_Made]) -> _Made:
    """The parts' calibrations go into their sources, with what brings their thresholds together."""
    edges = np.clip([part.threshold for part in parts], _EDGE, 1 - _EDGE)
    needed = np.log(edges) - np.log1p(-edges)  # log odds of each threshold
    common = float(needed.mean())
    return _Made(
        sources=tuple(
            Source(
                row=source.row,
                scale=part.slope * source.scale,
                shift=part.slope * source.shift + part.intercept + common - float(at),
            )
            for part, at in zip(parts, needed, strict=True)
            for source in part.sources
        ),
        slope=1.0,
        intercept=0.0,
        threshold=float(sigmoid(np.array(common))),
    )


def _carried(
    metrics: Mapping[str, Any], names: Mapping[str, str], *, is_whole: bool
) -> dict[str, Any]:
    """What is still true of the figures.

    Those of a label stand while it is scored as it was, and macro-F1 is their mean; what is about
    all labels together stands while all are.

    Args:
        metrics: as they were.
        names: of labels that are scored as before: what each is called now.
        is_whole: whether those are all labels, before and after.
    """
    kept = {name: metrics[name] for name in metrics if is_whole or name in _ABOUT_THE_TRAINING}
    per_label = _renamed(metrics.get("per_label", {}), names)
    kept["per_label"] = per_label
    kept["ece_per_label"] = _renamed(metrics.get("ece_per_label", {}), names)
    if per_label:
        kept["macro_f1"] = float(np.mean([figures["f1"] for figures in per_label.values()]))
    linear = metrics.get("linear", {})
    whole = linear if is_whole else {}
    kept["linear"] = {**whole, "per_label": _renamed(linear.get("per_label", {}), names)}
    return kept


def _renamed(figures: Mapping[str, Any], names: Mapping[str, str]) -> dict[str, Any]:
    return {names[label]: value for label, value in figures.items() if label in names}
