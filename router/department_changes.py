"""Departments that are renamed or retired, and the rules that name them."""

from dataclasses import replace

from sqlalchemy import Connection

from core.errors import Invalid
from router.editing import standing
from router.ruleset import Rule, Ruleset, ruleset_object
from store.rules import departments, rulesets


class InUse(Invalid):
    """Something still needs the department."""


def rename(connection: Connection, name: str, to: str, *, by: str) -> int | None:
    """Gives a department another name, in the rules too; stored decisions keep the old one.

    Returns:
        The revision of the rules that was saved; None if they do not name it.

    Raises:
        InUse: another department has or had the name.
    """
    rulesets.lock(connection)
    if departments.is_taken(connection, to):
        raise InUse("name", f"{to!r} is that of another department", "give another")
    departments.rename(connection, name, to, by=by)
    found = standing(connection)
    if found is None:
        return None
    renamed = with_department(found.ruleset, name, to)
    if renamed == found.ruleset:
        return None
    note = f"department {name} is {to} now"
    document = ruleset_object(renamed)
    return rulesets.save(connection, document, author=by, note=note, base=found.version)


def retire(connection: Connection, name: str, *, by: str) -> None:
    """Takes a department out of use.

    Raises:
        InUse: rules name it, or it is the default one.
    """
    rulesets.lock(connection)
    found = standing(connection)
    if found is not None and found.ruleset.default_department == name:
        fix = "let the rules name another default_department first"
        raise InUse("name", "takes what no rule takes", fix)
    naming = rules_naming(found.ruleset, name) if found else ()
    if naming:
        fix = "let them name another one first"
        raise InUse("name", f"is named by rules {', '.join(naming[:20])}", fix)
    own = departments.find(connection, name)
    if own is not None and own.is_default:
        raise InUse("name", "is the default department", "make another one the default first")
    departments.retire(connection, name, by=by)


def with_department(ruleset: Ruleset, name: str, to: str) -> Ruleset:
    """The ruleset with one department under another name, or with another in its place."""
    default = to if ruleset.default_department == name else ruleset.default_department
    rules = tuple(_renamed(rule, name, to) for rule in ruleset.rules)
    return replace(ruleset, default_department=default, rules=rules)


def rules_naming(ruleset: Ruleset, name: str) -> tuple[str, ...]:
    """Ids of the rules, disabled ones too, that send tickets to a department."""
    return tuple(rule.id for rule in ruleset.rules if name in (rule.primary, *rule.collaborators))


def _renamed(rule: Rule, name: str, to: str) -> Rule:
    """The rule; who is in it as the other department already is named once, and first."""
    if name not in (rule.primary, *rule.collaborators):
        return rule
    primary = to if rule.primary == name else rule.primary
    others = dict.fromkeys(to if each == name else each for each in rule.collaborators)
    collaborators = tuple(each for each in others if each != primary)
    return replace(rule, primary=primary, collaborators=collaborators)
