"""What was found as one HTML page that needs nothing from elsewhere and quotes no ticket."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from jinja2 import Environment, PackageLoader, StrictUndefined

from core.errors import Invalid
from store.figures.drift_reports import DriftReport
from trainer.drift.compare import Comparison, Side
from trainer.drift.findings import Finding, Severity, Signal, finding_of, gravest
from trainer.drift.label_rows import LabelRow, label_rows
from trainer.drift.pictures import quality_picture, score_picture, share_picture


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """One number in large letters, with a word about it."""

    name: str
    value: float
    note: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """What a page tells.

    Attributes:
        title: from what to what.
        lead: who saw how much.
        figures: the few to look at first.
        findings: all.
    """

    title: str
    lead: str
    figures: Sequence[Figure]
    findings: Sequence[Finding]


def page_of_files(comparison: Comparison) -> Page:
    """Of two files."""
    before, now = comparison.reference, comparison.current
    sides = (("before", before), ("now", now))
    return Page(
        title=f"From {before.name} to {now.name}",
        lead=(
            f"As the {comparison.scored_by} of {comparison.model} ({comparison.version[:12]}) "
            f"sees {len(before.window)} tickets before and {len(now.window)} now."
        ),
        figures=[figure for when, side in sides for figure in _side_figures(when, side)],
        findings=comparison.findings,
    )


def page_of_window(report: DriftReport) -> Page:
    """Of one window of the live stream."""
    findings = [finding_of(found) for found in report.findings]
    overall = (Signal.ESTIMATED_MICRO_F1, Signal.ESTIMATED_MACRO_F1)
    return Page(
        title=f"{report.since:%Y-%m-%d %H:%M} to {report.until:%Y-%m-%d %H:%M}",
        lead=(
            f"{report.tickets} tickets as model {report.model_version[:12]} decided them, against "
            f"what it was made for. Times are UTC; report {report.id}."
        ),
        figures=[
            Figure(name=f"{_f1_name(found.signal)} {when}", value=value or 0.0, note="expected")
            for found in findings
            if found.signal in overall
            for when, value in (("before", found.reference), ("now", found.current))
        ],
        findings=findings,
    )


def write_report(path: Path, told: Page) -> None:
    """Writes the page.

    Raises:
        Invalid: the file cannot be written.
    """
    page = report_page(told)
    try:
        path.write_text(page, encoding="utf-8")
    except OSError as error:
        problem = error.strerror or "cannot be written"
        raise Invalid("--out", problem, "name a file in a folder that exists") from error


def report_page(told: Page) -> str:
    """The page as HTML."""
    pages = Environment(
        loader=PackageLoader("trainer"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    rows = label_rows(told.findings)
    return pages.get_template("drift.html").render(
        page=told,
        severity=gravest(told.findings).value,
        grave=grave_findings(told.findings),
        overall=[finding for finding in told.findings if finding.label is None],
        rows=rows,
        pictures=_pictures(rows, told.findings),
    )


def grave_findings(findings: Sequence[Finding]) -> list[Finding]:
    """Those that people should read, the gravest first."""
    kept = [finding for finding in findings if finding.severity is not Severity.QUIET]
    grave = list(Severity).index
    return sorted(kept, key=lambda finding: -grave(finding.severity))


def _side_figures(when: str, side: Side) -> Iterator[Figure]:
    known = side.measured
    pairs = (
        ("micro-F1", side.expected.micro.f1.value, known and known.micro_f1),
        ("macro-F1", side.expected.macro.f1.value, known and known.macro_f1),
    )
    for name, value, measured in pairs:
        note = "expected" if measured is None else f"expected, measured {measured:.3f}"
        yield Figure(name=f"{name} {when}", value=value, note=note)


def _f1_name(signal: Signal) -> str:
    return "micro-F1" if signal is Signal.ESTIMATED_MICRO_F1 else "macro-F1"


def _pictures(rows: list[LabelRow], findings: Sequence[Finding]) -> dict[str, str]:
    """Captions and data URIs; none where no label was compared."""
    if not rows:
        return {}
    limit = next(finding.limit for finding in findings if finding.signal is Signal.SCORE_PSI)
    return {
        "Estimated share of the tickets": share_picture(rows),
        "Expected F1": quality_picture(rows),
        "Movement of the scores": score_picture(rows, limit),
    }
