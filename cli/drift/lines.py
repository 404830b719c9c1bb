"""What a drift check found, as lines for a terminal and as JSON."""

from collections.abc import Iterator, Sequence
from dataclasses import asdict
from typing import Any

from store.figures.drift_reports import DriftReport
from trainer.drift.compare import Comparison
from trainer.drift.findings import Finding, finding_of, gravest, has_drifted
from trainer.drift.label_rows import label_rows
from trainer.drift.report import grave_findings


def lines_of_files(comparison: Comparison) -> Iterator[str]:
    """Of two files; the last line says how grave it is."""
    yield from _lines(comparison.findings)
    before, now = len(comparison.reference.window), len(comparison.current.window)
    yield f"{before} tickets before, {now} now: {_severity(comparison.findings)}"


def lines_of_window(report: DriftReport) -> Iterator[str]:
    """Of one window of the live stream; likewise."""
    findings = _findings(report)
    yield from _lines(findings)
    window = f"{report.since:%Y-%m-%d %H:%M} to {report.until:%Y-%m-%d %H:%M} UTC"
    yield (
        f"Report {report.id}, model {report.model_version}, {window}, "
        f"{report.tickets} tickets: {_severity(findings)}"
    )


def report_object(report: DriftReport) -> dict[str, Any]:
    """JSON-ready."""
    findings = _findings(report)
    return {
        **asdict(report),
        "since": report.since.isoformat(),
        "until": report.until.isoformat(),
        "created_at": report.created_at.isoformat(),
        "drifted": has_drifted(findings),
        "severity": gravest(findings),
    }


def _findings(report: DriftReport) -> list[Finding]:
    return [finding_of(found) for found in report.findings]


def _lines(findings: Sequence[Finding]) -> Iterator[str]:
    """A line for each label, the gravest first; then whatever is not quiet, in words."""
    rows = label_rows(findings)
    width = max((len(row.label) for row in rows), default=0)
    if rows:
        yield f"{'label':<{width}}   share    now    PSI  exp. F1    now  severity"
    for row in rows:
        yield (
            f"{row.label:<{width}}  {row.share[0]:>6.1%} {row.share[1]:>6.1%}  {row.psi[0]:.3f}"
            f"    {row.f1[0]:.3f}  {row.f1[1]:.3f}  {row.severity}"
        )
    for finding in grave_findings(findings):
        yield f"{finding.severity.replace('_', ' ')}: {finding.sentence}"


def _severity(findings: Sequence[Finding]) -> str:
    return gravest(findings).replace("_", " ")
