"""Reference, current window and limits to findings: what to look at, in words."""

from collections.abc import Iterator

from classifier.scoring import Thresholds
from core.errors import Invalid
from trainer.drift.findings import Finding, Severity, Signal
from trainer.drift.label_watch import watch_labels
from trainer.drift.limits import Limits
from trainer.drift.quality_watch import watch_audit, watch_quality
from trainer.drift.text_watch import watch_texts
from trainer.drift.window import Window


def watch(
    reference: Window,
    current: Window,
    thresholds: Thresholds,
    limits: Limits | None = None,
    seed: int = 0,
) -> tuple[Finding, ...]:
    """Compares a window with what the model was made for.

    Everything that was looked at is in the answer, quiet or not. Labels are corrected for their
    number (Benjamini and Hochberg, 1995) within each signal.

    Args:
        reference: what the model was validated on: rows that it did not learn from.
        current: scored by the same model.
        thresholds: their order is the label order.
        limits: the default ones if None.
        seed: of the samples of texts.

    Returns:
        Texts, labels, expected quality and audit, in this order; where a window has too few
        tickets, one finding that says so.

    Raises:
        Invalid: the windows do not have the labels of the thresholds.
    """
    limits = limits or Limits()
    for name, window in (("reference", reference), ("current", current)):
        if window.scores.shape[1] != len(thresholds.by_label):
            raise Invalid(name, "has scores of other labels", "score both with one model")
    small = _too_few(reference, current, limits)
    if small is not None:
        return (small,)
    return tuple(_findings(reference, current, thresholds, limits, seed))


def _findings(
    reference: Window, current: Window, thresholds: Thresholds, limits: Limits, seed: int
) -> Iterator[Finding]:
    yield from watch_texts(reference, current, limits, seed)
    yield from watch_labels(reference.scores, current.scores, thresholds, limits)
    yield from watch_quality(reference.scores, current.scores, thresholds, limits)
    if reference.audited is not None and current.audited is not None:
        yield watch_audit(reference.audited, current.audited, limits)


def _too_few(reference: Window, current: Window, limits: Limits) -> Finding | None:
    fewest = min(len(reference), len(current))
    if fewest >= limits.min_tickets:
        return None
    where = "reference" if len(reference) == fewest else "current window"
    return Finding(
        signal=Signal.SAMPLE,
        value=float(fewest),
        limit=float(limits.min_tickets),
        reference_n=len(reference),
        current_n=len(current),
        severity=Severity.TOO_FEW,
        sentence=f"The {where} has {fewest} tickets; under {limits.min_tickets} nothing is judged.",
    )
