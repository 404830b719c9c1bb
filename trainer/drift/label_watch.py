"""Findings about each label: how often it is predicted, how often it is there, how it scores."""

from collections.abc import Callable, Iterator
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


@dataclass(frozen=True, slots=True, kw_only=True)
class _Kind:
    """A signal, its limit, and what it says of a label whose figure went from one to another."""

    signal: Signal
    limit: Limit
    said: Callable[[str, float, float, float], str]


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
    for kind, movement in (
        (_rate(limits), rate_movement(*predicted, limits.alpha)),
        (_share(limits), share_movement(reference, current, limits.alpha)),
        (_psi(limits), psi_movement(reference, current)),
        (_js(limits), js_movement(reference, current)),
    ):
        yield from _findings(kind, movement, labels, counts, limits.alpha)


def corrected(p_values: NDArray[np.float64]) -> NDArray[np.float64]:
    """P-values (l) under which labels may be picked with a bounded share of false ones."""
    return np.asarray(false_discovery_control(p_values)) if len(p_values) else p_values


def _findings(
    kind: _Kind, movement: Movement, labels: tuple[str, ...], counts: tuple[int, int], alpha: float
) -> Iterator[Finding]:
    p_values = corrected(movement.p_value)
    for i, label in enumerate(labels):
        value, before, after = (
            float(part[i]) for part in (movement.value, movement.reference, movement.current)
        )
        severity = kind.limit.severity(value, by_chance=bool(p_values[i] > alpha))
        yield Finding(
            signal=kind.signal,
            label=label,
            value=value,
            limit=kind.limit.alert,
            noise=float(movement.noise[i]),
            p_value=float(p_values[i]),
            reference=before,
            current=after,
            reference_n=counts[0],
            current_n=counts[1],
            severity=severity,
            sentence=in_words(kind.said(label, before, after, value), severity),
        )


def _rate(limits: Limits) -> _Kind:
    return _Kind(
        signal=Signal.PREDICTED_RATE,
        limit=limits.odds,
        said=lambda label, before, after, value: (
            f"{label} was predicted for {before:.1%} of the tickets and now is for {after:.1%}"
        ),
    )


def _share(limits: Limits) -> _Kind:
    return _Kind(
        signal=Signal.ESTIMATED_SHARE,
        limit=limits.odds,
        said=lambda label, before, after, value: (
            f"About {before:.1%} of the tickets were {label} and now {after:.1%} are"
        ),
    )


def _psi(limits: Limits) -> _Kind:
    return _Kind(
        signal=Signal.SCORE_PSI,
        limit=limits.psi,
        said=lambda label, before, after, value: (
            f"The scores of {label} moved by a stability index of {value:.3f}"
        ),
    )


def _js(limits: Limits) -> _Kind:
    return _Kind(
        signal=Signal.SCORE_JS,
        limit=limits.js,
        said=lambda label, before, after, value: (
            f"The scores of {label} moved by a Jensen-Shannon distance of {value:.3f}"
        ),
    )
