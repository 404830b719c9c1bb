"""Findings about quality: what scores let one expect, and what people found in an audit."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from scipy.stats import norm

from classifier.scoring import Thresholds
from trainer.drift.audit import Accuracy, Audited, audited_accuracy
from trainer.drift.estimated import Estimate, estimated_quality
from trainer.drift.findings import Finding, Severity, Signal, in_words
from trainer.drift.label_watch import corrected
from trainer.drift.limits import Limit, Limits
from trainer.drift.window import Scores


@dataclass(frozen=True, slots=True, kw_only=True)
class _Pair:
    """One figure in two windows.

    Attributes:
        label: None where the figure is of all labels.
        counts: tickets before and now.
        said: what happened, without an end.
    """

    signal: Signal
    label: str | None = None
    before: Estimate
    after: Estimate
    counts: tuple[int, int]
    said: str

    @property
    def fall(self) -> float:
        """By how much the figure is smaller now; negative where it is larger."""
        return self.before.value - self.after.value

    @property
    def error(self) -> float:
        """Standard error of the fall, over 0."""
        return max(float(np.hypot(self.before.error, self.after.error)), 1e-12)

    @property
    def p_value(self) -> float:
        """The chance of such a fall where nothing changed."""
        return float(norm.sf(self.fall / self.error))


def watch_quality(
    reference: Scores, current: Scores, thresholds: Thresholds, limits: Limits
) -> Iterator[Finding]:
    """Whether F1 is expected to have fallen: micro, macro, then each label in label order.

    Args:
        reference: calibrated scores, shape (b, l).
        current: likewise, with its own b.
        thresholds: their order is the label order.
        limits: what to go by.
    """
    before, after = (estimated_quality(part, thresholds) for part in (reference, current))
    counts = len(reference), len(current)
    micro, macro = (before.micro.f1, after.micro.f1), (before.macro.f1, after.macro.f1)
    for pair in (
        _expected(Signal.ESTIMATED_MICRO_F1, None, micro, counts),
        _expected(Signal.ESTIMATED_MACRO_F1, None, macro, counts),
    ):
        yield _finding(pair, pair.p_value, limits.f1_drop, limits.alpha)
    labels = [
        _expected(Signal.ESTIMATED_F1, label, (of.f1, after.per_label[label].f1), counts)
        for label, of in before.per_label.items()
    ]
    p_values = corrected(np.array([pair.p_value for pair in labels]))
    for pair, p_value in zip(labels, p_values.tolist(), strict=True):
        yield _finding(pair, p_value, limits.label_f1_drop, limits.alpha)


def watch_audit(reference: Audited, current: Audited, limits: Limits) -> Finding:
    """Whether the decisions that people looked at are less often right than before."""
    counts = len(reference), len(current)
    if min(counts) < limits.min_audited:
        return _too_few(counts, limits)
    before, after = audited_accuracy(reference), audited_accuracy(current)
    pair = _Pair(
        signal=Signal.AUDITED_ACCURACY,
        before=_estimate(before),
        after=_estimate(after),
        counts=counts,
        said=(
            f"{after.value:.1%} of all decisions are right by the audit (95 % sure: "
            f"{after.low:.1%} to {after.high:.1%}); before it were {before.value:.1%}"
        ),
    )
    return _finding(pair, pair.p_value, limits.accuracy_drop, limits.alpha)


def _expected(
    signal: Signal, label: str | None, f1: tuple[Estimate, Estimate], counts: tuple[int, int]
) -> _Pair:
    name = f"F1 of {label}" if label else signal.removeprefix("estimated_").replace("_f1", "-F1")
    before, after = f1
    said = f"{name} is expected to be {after.value:.3f}; before it was {before.value:.3f}"
    return _Pair(signal=signal, label=label, before=before, after=after, counts=counts, said=said)


def _finding(pair: _Pair, p_value: float, limit: Limit, alpha: float) -> Finding:
    severity = limit.severity(pair.fall, by_chance=p_value > alpha)
    return Finding(
        signal=pair.signal,
        label=pair.label,
        value=pair.fall,
        limit=limit.alert,
        noise=float(norm.isf(alpha)) * pair.error,
        p_value=p_value,
        reference=pair.before.value,
        current=pair.after.value,
        reference_n=pair.counts[0],
        current_n=pair.counts[1],
        severity=severity,
        sentence=in_words(pair.said, severity),
    )


def _estimate(accuracy: Accuracy) -> Estimate:
    return Estimate(value=accuracy.value, error=accuracy.standard_error)


def _too_few(counts: tuple[int, int], limits: Limits) -> Finding:
    fewest = min(counts)
    return Finding(
        signal=Signal.AUDITED_ACCURACY,
        value=float(fewest),
        limit=float(limits.min_audited),
        reference_n=counts[0],
        current_n=counts[1],
        severity=Severity.TOO_FEW,
        sentence=f"An audit has {fewest} tickets; under {limits.min_audited} none is judged.",
    )
