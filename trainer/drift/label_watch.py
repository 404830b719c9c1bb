"""Findings about each label: how often it is predicted, how often it is there, how it scores."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.stats import false_discovery_control

from classifier.scoring import Thresholds
from trainer.drift.findings import Finding, Signal, in_words
from trainer.drift.limits import Limit, Limits
from trainer.drift.rates import Movement, js_movement, psi_movement, rate_movement
from trainer.drift.shares import share_movement
from trainer.drift.window import Scores

_SAID = {
    Signal.PREDICTED_RATE: (
        "{label} was predicted for {before:.1%} of the tickets and now is for {after:.1%}"
    ),
    Signal.ESTIMATED_SHARE: (
        "About {before:.1%} of the tickets were {label} and now {after:.1%} are"
    ),
    Signal.SCORE_PSI: "The scores of {label} moved by a stability index of {value:.3f}",
    Signal.SCORE_JS: "The scores of {label} moved by a Jensen-Shannon distance of {value:.3f}",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class _Watched:
    """One signal of every label."""

    signal: Signal
    limit: Limit
    movement: Movement


def watch_labels(
    reference: Scores, current: Scores, thresholds: Thresholds, limits: Limits
) -> Iterator[Finding]:
    """Four signals a label, in label order each.

    Args:
        reference: calibrated scores, shape (b, l), b > 1.
        current: likewise, with its own b.
        thresholds: their order is the label order.
        limits: what to go by.
    """
    predicted = thresholds.predicted(reference), thresholds.predicted(current)
    labels, counts = tuple(thresholds.by_label), (len(reference), len(current))
    for signal, limit, movement in (
        (Signal.PREDICTED_RATE, limits.odds, rate_movement(*predicted, limits.alpha)),
        (Signal.ESTIMATED_SHARE, limits.odds, share_movement(reference, current, limits.alpha)),
        (Signal.SCORE_PSI, limits.psi, psi_movement(reference, current)),
        (Signal.SCORE_JS, limits.js, js_movement(reference, current)),
    ):
        watched = _Watched(signal=signal, limit=limit, movement=movement)
        yield from _findings(watched, labels, counts, limits.alpha)


def corrected(p_values: NDArray[np.float64]) -> NDArray[np.float64]:
    """P-values (l) under which labels may be picked with a bounded share of false ones."""
    return np.asarray(false_discovery_control(p_values)) if len(p_values) else p_values


def _findings(
    watched: _Watched, labels: tuple[str, ...], counts: tuple[int, int], alpha: float
) -> Iterator[Finding]:
    movement, limit = watched.movement, watched.limit
    p_values = corrected(movement.p_value)
    for i, label in enumerate(labels):
        value, before, after = (
            float(part[i]) for part in (movement.value, movement.reference, movement.current)
        )
        severity = limit.severity(value, by_chance=bool(p_values[i] > alpha))
        said = _SAID[watched.signal].format(label=label, before=before, after=after, value=value)
        yield Finding(
            signal=watched.signal,
            label=label,
            value=value,
            limit=limit.alert,
            noise=float(movement.noise[i]),
            p_value=float(p_values[i]),
            reference=before,
            current=after,
            reference_n=counts[0],
            current_n=counts[1],
            severity=severity,
            sentence=in_words(said, severity),
        )
