"""An import of rules in words and as JSON. Pure."""

from collections.abc import Iterator, Sequence
from typing import Any

from router.changes import Change
from router.editing import has_errors
from router.lint import Finding, finding_object


def finding_line(finding: Finding) -> str:
    """A finding for people."""
    where = f"rule {finding.rule}: " if finding.rule else ""
    return f"{finding.severity}: {where}{finding.message}; {finding.fix}"


def import_lines(change: Change, findings: Sequence[Finding], version: int | None) -> Iterator[str]:
    """An import for people: the diff, what is wrong, and what was done."""
    yield from change.diff
    yield from map(finding_line, findings)
    if version is not None:
        yield f"Saved as revision {version}."
    elif has_errors(findings):
        yield "Refused: mend the errors first."
    else:
        yield "Nothing was saved." if change.diff else "These rules are active already."


def findings_object(findings: Sequence[Finding]) -> list[dict[str, Any]]:
    """Findings, JSON-ready."""
    return [finding_object(finding) for finding in findings]
