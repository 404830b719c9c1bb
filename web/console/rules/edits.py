"""What can be done to a draft of the rules without the editor: each gives another ruleset. Pure."""

from collections.abc import Sequence
from dataclasses import replace

from router.changes import Change, compare
from router.ruleset import Rule, Ruleset
from router.schema import MAX_ORDER

STEP = 10
"""Between the orders of neighbours, so that another rule fits between them."""


def place_of(ruleset: Ruleset, rule_id: str) -> int | None:
    """At which place a rule is considered, counted from 0; None where there is none of that id."""
    ids = [rule.id for rule in ruleset.rules]
    return ids.index(rule_id) if rule_id in ids else None


def moved(ruleset: Ruleset, rule_id: str, to: int) -> Ruleset:
    """The rule at another place, counted from 0; as few orders as possible change.

    Where there is a number between its new neighbours only the rule itself gets another order;
    where there is none, it and those that it passes share out the orders that they had.
    """
    at = place_of(ruleset, rule_id)
    if at is None:
        return ruleset
    to = min(max(to, 0), len(ruleset.rules) - 1)
    if to == at:
        return ruleset
    sequence = [rule for rule in ruleset.rules if rule.id != rule_id]
    between = _between(sequence, to)
    if between is not None:
        return _with(ruleset, replace(ruleset.rules[at], order=between))
    sequence.insert(to, ruleset.rules[at])
    orders = [rule.order for rule in ruleset.rules]
    rules = [replace(rule, order=order) for rule, order in zip(sequence, orders, strict=True)]
    return replace(ruleset, rules=tuple(rules))


def without(ruleset: Ruleset, rule_id: str) -> Ruleset:
    """The ruleset without one rule."""
    return replace(ruleset, rules=tuple(rule for rule in ruleset.rules if rule.id != rule_id))


def put_back(ruleset: Ruleset, before: Ruleset, rule_id: str) -> Ruleset:
    """One rule as it was before, at its old order or the next that is free."""
    old = next((rule for rule in before.rules if rule.id == rule_id), None)
    return ruleset if old is None else spread(_with(ruleset, old))


def next_order(ruleset: Ruleset) -> int:
    """The order of a rule that comes after all others."""
    last = ruleset.rules[-1].order if ruleset.rules else 0
    return min(last + STEP, MAX_ORDER)


def spread(ruleset: Ruleset) -> Ruleset:
    """The rules in their sequence with no order twice: one that is taken becomes the next."""
    rules: list[Rule] = []
    for rule in ruleset.rules:
        free = rules[-1].order + 1 if rules else 0
        rules.append(rule if rule.order >= free else replace(rule, order=free))
    return replace(ruleset, rules=tuple(rules))


def difference(before: Ruleset, after: Ruleset) -> Change:
    """What differs, with a diff of the rules that do; the equal ones are left out of it."""
    old, new = set(before.rules), set(after.rules)
    return compare(
        replace(before, rules=tuple(rule for rule in before.rules if rule not in new)),
        replace(after, rules=tuple(rule for rule in after.rules if rule not in old)),
    )


def _with(ruleset: Ruleset, rule: Rule) -> Ruleset:
    """The rule in place of the one of its id; a new one comes after others of its order."""
    return replace(ruleset, rules=(*without(ruleset, rule.id).rules, rule))


def _between(others: Sequence[Rule], to: int) -> int | None:
    """A whole number between the orders around a place; None where there is none."""
    before = others[to - 1].order if to > 0 else None
    after = others[to].order if to < len(others) else None
    if before is None:
        return None if after is None or after == 0 else max(after - STEP, 0)
    if after is None:
        return before + STEP if before + STEP <= MAX_ORDER else None
    middle = (before + after) // 2
    return middle if before < middle < after else None
