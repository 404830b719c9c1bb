"""Rules from files and from the database, and an import as JSON."""

import getpass
from pathlib import Path
from typing import Any

from sqlalchemy import Engine

from cli.rules.changes import findings_object
from core.errors import Invalid
from router.changes import change_object
from router.editing import Edit, plan_rules, save_rules
from router.rules_yaml import load_rules
from router.ruleset import Ruleset
from store.engine import transaction


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


def import_rules(engine: Engine, wanted: Ruleset, *, save: bool, note: str) -> Edit:
    """Compares a ruleset with the active one, checks it, and saves it unless it has errors.

    Args:
        engine: the database.
        wanted: the ruleset to come.
        save: False only plans.
        note: why, for the history.

    Raises:
        Transient: the database is away.
    """
    if not save:
        return transaction(engine, lambda c: plan_rules(c, wanted))
    author = getpass.getuser()
    return transaction(engine, lambda c: save_rules(c, wanted, by=author, note=note))


def edit_object(edit: Edit) -> dict[str, Any]:
    """JSON-ready."""
    return {
        **change_object(edit.change),
        "findings": findings_object(edit.findings),
        "version": edit.version,
    }
