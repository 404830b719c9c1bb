"""The active ruleset in the database, and the words that a ruleset may use."""

import getpass
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine

from cli.rules.changes import findings_object, has_errors
from core.errors import Invalid
from core.types import Automation
from router.changes import Change, change_object, compare
from router.lint import Finding, lint
from router.parse import parse_ruleset
from router.rules_yaml import load_rules
from router.ruleset import Ruleset, ruleset_object
from store import rulesets, taxonomy
from store.engine import transaction


@dataclass(frozen=True, slots=True, kw_only=True)
class Import:
    """What an import did: `version` is the revision that was saved, None if none was."""

    change: Change
    findings: Sequence[Finding]
    version: int | None

    @property
    def refused(self) -> bool:
        """Whether errors stood in the way."""
        return has_errors(self.findings)

    def as_object(self) -> dict[str, Any]:
        """JSON-ready."""
        return {
            **change_object(self.change),
            "findings": findings_object(self.findings),
            "version": self.version,
        }


def active_rules(engine: Engine) -> Ruleset:
    """The ruleset that decides now.

    Raises:
        Invalid: none was ever saved.
    """
    found = transaction(engine, rulesets.active)
    if found is None:
        raise Invalid("rules", "were never saved", "run `pointsman rules import FILE`")
    return parse_ruleset(found.document)


def revision_rules(engine: Engine, version: int) -> Ruleset:
    """The ruleset of one revision.

    Raises:
        Invalid: there is none of that number.
    """
    return parse_ruleset(transaction(engine, lambda c: rulesets.revision(c, version)).document)


def read_rules(file: Path) -> Ruleset:
    """The ruleset of a YAML file.

    Raises:
        Invalid: names the line and the field.
    """
    try:
        return load_rules(file.read_bytes())
    except OSError as error:
        problem = error.strerror or "cannot be read"
        raise Invalid(str(file), problem, "name a readable file") from error


def check_rules(engine: Engine, ruleset: Ruleset) -> Sequence[Finding]:
    """What is wrong with a ruleset, given the labels and departments that exist."""

    def words(connection: Connection) -> tuple[list[str], list[taxonomy.Label]]:
        departments = [department.name for department in taxonomy.departments(connection)]
        return departments, taxonomy.labels(connection)

    departments, labels = transaction(engine, words)
    return lint(
        ruleset,
        departments=departments,
        labels=[label.name for label in labels],
        held=[x.name for x in labels if x.level.automation is not Automation.AUTO],
    )


def import_rules(engine: Engine, wanted: Ruleset, *, save: bool, note: str) -> Import:
    """Compares a ruleset with the active one, checks it, and saves it unless it has errors.

    Args:
        engine: the database.
        wanted: the ruleset to come.
        save: False only plans.
        note: why, for the history.

    Raises:
        Transient: the database is away.
    """
    change = compare(active_rules(engine), wanted)
    findings = check_rules(engine, wanted)
    if not save or not change.diff or has_errors(findings):
        return Import(change=change, findings=findings, version=None)
    document, author = ruleset_object(wanted), getpass.getuser()
    version = transaction(engine, lambda c: rulesets.save(c, document, author=author, note=note))
    return Import(change=change, findings=findings, version=version)
