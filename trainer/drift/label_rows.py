"""The findings of each label beside each other, as tables and pictures show them."""

from collections.abc import Sequence
from dataclasses import dataclass

from trainer.drift.findings import Finding, Severity, Signal, gravest


@dataclass(frozen=True, slots=True, kw_only=True)
class LabelRow:
    """One label.

    Attributes:
        severity: the gravest of its findings.
        share: estimated share of the tickets, before and now.
        rate: how often it is predicted, before and now.
        psi: of its scores, and how large that gets by chance.
        f1: expected, before and now.
    """

    label: str
    severity: Severity
    share: tuple[float, float]
    rate: tuple[float, float]
    psi: tuple[float, float]
    f1: tuple[float, float]


def label_rows(findings: Sequence[Finding]) -> list[LabelRow]:
    """A row a label: the gravest first, then the most frequent."""
    by_label: dict[str, dict[Signal, Finding]] = {}
    for finding in findings:
        if finding.label is not None:
            by_label.setdefault(finding.label, {})[finding.signal] = finding
    rows = [_row(label, found) for label, found in by_label.items()]
    grave = list(Severity).index
    return sorted(rows, key=lambda row: (-grave(row.severity), -row.share[0], row.label))


def _row(label: str, found: dict[Signal, Finding]) -> LabelRow:
    psi = found[Signal.SCORE_PSI]
    return LabelRow(
        label=label,
        severity=gravest(list(found.values())),
        share=_before_and_now(found[Signal.ESTIMATED_SHARE]),
        rate=_before_and_now(found[Signal.PREDICTED_RATE]),
        psi=(psi.value, psi.noise or 0.0),
        f1=_before_and_now(found[Signal.ESTIMATED_F1]),
    )


def _before_and_now(finding: Finding) -> tuple[float, float]:
    return finding.reference or 0.0, finding.current or 0.0
