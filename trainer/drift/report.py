"""A comparison as one HTML page that needs nothing from elsewhere and quotes no ticket."""

from pathlib import Path

from jinja2 import Environment, PackageLoader, StrictUndefined

from core.errors import Invalid
from trainer.drift.compare import Comparison
from trainer.drift.findings import Finding, Severity, Signal, gravest
from trainer.drift.label_rows import LabelRow, label_rows
from trainer.drift.pictures import quality_picture, score_picture, share_picture


def write_report(path: Path, comparison: Comparison) -> None:
    """Writes the page.

    Raises:
        Invalid: the file cannot be written.
    """
    page = report_page(comparison)
    try:
        path.write_text(page, encoding="utf-8")
    except OSError as error:
        problem = error.strerror or "cannot be written"
        raise Invalid("--out", problem, "name a file in a folder that exists") from error


def report_page(comparison: Comparison) -> str:
    """The page as HTML."""
    pages = Environment(
        loader=PackageLoader("trainer"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    rows = label_rows(comparison.findings)
    return pages.get_template("drift.html").render(
        comparison=comparison,
        severity=gravest(comparison.findings).value,
        grave=grave_findings(comparison.findings),
        overall=[finding for finding in comparison.findings if finding.label is None],
        sides={"before": comparison.reference, "now": comparison.current},
        rows=rows,
        pictures=_pictures(rows, comparison.findings),
    )


def grave_findings(findings: tuple[Finding, ...]) -> list[Finding]:
    """Those that people should read, the gravest first."""
    kept = [finding for finding in findings if finding.severity is not Severity.QUIET]
    grave = list(Severity).index
    return sorted(kept, key=lambda finding: -grave(finding.severity))


def _pictures(rows: list[LabelRow], findings: tuple[Finding, ...]) -> dict[str, str]:
    """Captions and data URIs; none where no label was compared."""
    if not rows:
        return {}
    limit = next(finding.limit for finding in findings if finding.signal is Signal.SCORE_PSI)
    return {
        "Estimated share of the tickets": share_picture(rows),
        "Expected F1": quality_picture(rows),
        "Movement of the scores": score_picture(rows, limit),
    }
