"""Rules as they are edited: what stands, what is wrong with a ruleset, and saving one.

The API, the console and the command line all save through `save_rules`.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from sqlalchemy import Connection

from core.errors import Invalid
from core.types import Automation
from router.changes import Change, change_object, compare
from router.lint import Finding, Severity, lint
from router.parse import parse_ruleset
from router.ruleset import Ruleset, ruleset_object
from store.rules import rulesets, taxonomy

_MOST_TOLD = 100  # rules that an entry of the audit log names of each kind


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """The rules that decide now, and their revision."""

    version: int
    ruleset: Ruleset


@dataclass(frozen=True, slots=True, kw_only=True)
class Edit:
    """What became of an edit: `version` is the revision that was saved, None if none was."""

    change: Change
    findings: Sequence[Finding]
    version: int | None

    @property
    def refused(self) -> bool:
        """Whether errors stood in the way."""
        return has_errors(self.findings)


def has_errors(findings: Sequence[Finding]) -> bool:
    """Whether one of them stands in the way of saving."""
    return any(finding.severity is Severity.ERROR for finding in findings)


def standing(connection: Connection) -> Standing | None:
    """The rules that decide now; None before the first were saved."""
    found = rulesets.active(connection)
    if found is None:
        return None
    return Standing(version=found.version, ruleset=parse_ruleset(found.document))


def active_rules(connection: Connection) -> Ruleset:
    """The rules that decide now.

    Raises:
        Invalid: none were ever saved.
    """
    found = standing(connection)
    if found is None:
        raise Invalid("rules", "were never saved", "run `pointsman rules import FILE`")
    return found.ruleset


def revision_rules(connection: Connection, version: int) -> Ruleset:
    """The rules of one revision.

    Raises:
        Invalid: there is none of that number.
    """
    return parse_ruleset(rulesets.revision(connection, version).document)


def findings_of(connection: Connection, ruleset: Ruleset) -> list[Finding]:
    """What is wrong with a ruleset, given the labels and departments that exist now."""
    labels = taxonomy.labels(connection)
    return lint(
        ruleset,
        departments=[department.name for department in taxonomy.departments(connection)],
        labels=[label.name for label in labels],
        held=[x.name for x in labels if x.level.automation is not Automation.AUTO],
        now=datetime.now(UTC),
    )


def plan_rules(connection: Connection, wanted: Ruleset) -> Edit:
    """What saving a ruleset would change, and what is wrong with it; nothing is saved."""
    found = standing(connection)
    before = found.ruleset if found else Ruleset(default_department=wanted.default_department)
    return Edit(
        change=compare(before, wanted), findings=findings_of(connection, wanted), version=None
    )


def save_rules(connection: Connection, wanted: Ruleset, *, by: str, note: str) -> Edit:
    """Lets a ruleset decide from now on, unless it has errors or changes nothing.

    Args:
        connection: an open transaction; nobody else saves rules until it ends.
        wanted: the ruleset to come.
        by: who saves it.
        note: why, for the history.

    Raises:
        Invalid: the rules name a label that has another name by now.
    """
    rulesets.lock(connection)
    base = rulesets.active_version(connection)
    planned = plan_rules(connection, wanted)
    if planned.refused or (base is not None and not planned.change.diff):
        return planned
    version = rulesets.save(
        connection,
        ruleset_object(wanted),
        author=by,
        note=note,
        detail={"from": base, **_told(planned.change)},
    )
    return Edit(change=planned.change, findings=planned.findings, version=version)


def _told(change: Change) -> dict[str, list[str]]:
    return {kind: ids[:_MOST_TOLD] for kind, ids in change_object(change).items()}
