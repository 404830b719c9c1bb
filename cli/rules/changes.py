"""What importing a ruleset would change, and whether it may be saved. Pure."""

import difflib
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from router.lint import Finding, Severity
from router.rules_yaml import dump_rules
from router.ruleset import Rule, Ruleset


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """The step from one ruleset to another.

    Attributes:
        added: ids of rules that are new.
        changed: ids of rules that differ.
        removed: ids of rules that are gone.
        diff: lines of the YAML before and after, in unified form.
    """

    added: tuple[str, ...]
    changed: tuple[str, ...]
    removed: tuple[str, ...]
    diff: tuple[str, ...]


def compare(before: Ruleset, after: Ruleset) -> Change:
    """What differs; the default department shows in the diff alone."""
    old, new = _by_id(before), _by_id(after)
    lines = difflib.unified_diff(
        dump_rules(before).splitlines(),
        dump_rules(after).splitlines(),
        "active",
        "new",
        lineterm="",
    )
    return Change(
        added=tuple(id_ for id_ in new if id_ not in old),
        changed=tuple(id_ for id_ in new if id_ in old and new[id_] != old[id_]),
        removed=tuple(id_ for id_ in old if id_ not in new),
        diff=tuple(lines),
    )


def has_errors(findings: Sequence[Finding]) -> bool:
    """Whether one of them stands in the way of saving."""
    return any(finding.severity is Severity.ERROR for finding in findings)


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
    return [asdict(finding) for finding in findings]


def _by_id(ruleset: Ruleset) -> dict[str, Rule]:
    return {rule.id: rule for rule in ruleset.rules}
