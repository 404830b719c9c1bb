"""A ruleset in the form that `decide` runs: conditions compiled once, rules found by an index."""

from collections.abc import Iterable
from dataclasses import dataclass, replace

from router.checks import Check, Record, compile_condition
from router.conditions import Condition, Group
from router.facts import Facts
from router.index import Index, build_index
from router.ruleset import Rule, Ruleset

_ALWAYS_HOLDS = Group(kind="all", conditions=())


@dataclass(frozen=True, slots=True, kw_only=True)
class CompiledRule:
    """One enabled rule and the function that tests it."""

    rule: Rule
    check: Check

    def examine(self, facts: Facts) -> tuple[bool, list[Record]]:
        """Whether the rule holds, and what was found for each of its conditions."""
        record = self.check(facts)
        return record["held"], record.get("all", [record])


@dataclass(frozen=True, slots=True, kw_only=True)
class Rulebook:
    """Every enabled rule by ascending order; immutable and safe to share between threads."""

    default_department: str
    rules: tuple[CompiledRule, ...]
    index: Index | None

    def candidates(self, facts: Facts) -> Iterable[CompiledRule]:
        """The rules to consider for a ticket, by ascending order: at least those that hold."""
        if self.index is None:
            return self.rules
        return [self.rules[position] for position in self.index.candidates(facts)]

    def unindexed(self) -> "Rulebook":
        """The same rulebook considering every enabled rule, so that the trace explains each.

        For dry runs and explanations: decisions are equal, only the trace is longer.
        """
        return replace(self, index=None)


def compile_rulebook(ruleset: Ruleset) -> Rulebook:
    """Makes a ruleset ready to decide with; some 0.1 ms a rule, so once a revision."""
    conditions = [condition_of(rule) for rule in ruleset.enabled]
    return Rulebook(
        default_department=ruleset.default_department,
        rules=tuple(
            CompiledRule(rule=rule, check=compile_condition(condition, rule=rule.id))
            for rule, condition in zip(ruleset.enabled, conditions, strict=True)
        ),
        index=build_index(conditions),
    )


def condition_of(rule: Rule) -> Condition:
    """When the rule holds: within its time, and by its condition; without both always."""
    if rule.in_effect is None:
        return _ALWAYS_HOLDS if rule.when is None else rule.when
    own = () if rule.when is None else (rule.when,)
    return Group(kind="all", conditions=(rule.in_effect, *own))
