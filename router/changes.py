"""What differs between two rulesets. Pure."""

import difflib
from dataclasses import dataclass
from typing import Any

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


def change_object(change: Change) -> dict[str, Any]:
    """JSON-ready, without the lines of the diff."""
    return {
        "added": list(change.added),
        "changed": list(change.changed),
        "removed": list(change.removed),
    }


def _by_id(ruleset: Ruleset) -> dict[str, Rule]:
    return {rule.id: rule for rule in ruleset.rules}
