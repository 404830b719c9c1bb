"""Finds what is wrong with a ruleset before it is saved.

That is: references that lead nowhere, rules that can never do anything, labels that nobody takes.
Errors must be mended before a ruleset is saved; warnings are for whoever wrote it to judge.
"""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum
from math import inf

from router.conditions import (
    Condition,
    Group,
    LabelPredicted,
    ScoreWithin,
    ShareUnder,
    describe,
    walk,
)
from router.label_routes import labels_asked_for
from router.ruleset import Rule, Ruleset


class Severity(StrEnum):
    """Whether a finding stands in the way of saving."""

    ERROR = "error"
    WARNING = "warning"


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One thing that is wrong.

    Attributes:
        code: a stable slug, one for each kind of finding.
        rule: id of the rule to change; None when it is about the ruleset.
        message: what is wrong.
        fix: what to do.
        about: the names in both, for who tells them in another language.
    """

    code: str
    severity: Severity
    rule: str | None
    message: str
    fix: str
    about: Mapping[str, str] = field(default_factory=dict, compare=False)


def finding_object(finding: Finding) -> dict[str, str | None]:
    """A finding as JSON has it."""
    return {name: getattr(finding, name) for name in ("code", "severity", "rule", "message", "fix")}


def lint(
    ruleset: Ruleset,
    *,
    departments: Collection[str],
    labels: Collection[str],
    now: datetime | None = None,
    held: Collection[str] = (),
) -> list[Finding]:
    """Every finding, by kind and then by the order of rules; empty when all is well.

    References are checked in disabled rules too, the rest only in enabled ones.

    Args:
        ruleset: the rules.
        departments: names of the departments that exist.
        labels: names of the labels that exist.
        now: aware; rules whose time is over by then are found, without it none.
        held: those of them that are below level auto, which rules do not see.
    """
    return [
        *_missing_default(ruleset, departments),
        *_dangling_departments(ruleset, departments),
        *_dangling_labels(ruleset, labels),
        *_rules_that_are_over(ruleset, now),
        *_unreachable_rules(ruleset),
        *_overruled_primaries(ruleset),
        *_contradictions(ruleset),
        *_duplicates(ruleset),
        *_unrouted_labels(ruleset, labels),
        *_held_labels(ruleset, held),
    ]


def _missing_default(ruleset: Ruleset, departments: Collection[str]) -> Iterator[Finding]:
    name = ruleset.default_department
    if name not in departments:
        message = f"the default department {name} does not exist"
        fix = "name an existing department"
        yield _error("missing-default", None, message, fix, department=name)


def _dangling_departments(ruleset: Ruleset, departments: Collection[str]) -> Iterator[Finding]:
    for rule in ruleset.rules:
        for name in dict.fromkeys((rule.primary, *rule.collaborators)):
            if name is not None and name not in departments:
                message = f"department {name} does not exist"
                fix = "create it or name another"
                yield _error("dangling-department", rule, message, fix, department=name)


def _dangling_labels(ruleset: Ruleset, labels: Collection[str]) -> Iterator[Finding]:
    for rule in ruleset.rules:
        for name in dict.fromkeys(_labels_in(rule.when)):
            if name not in labels:
                message = f"label {name} does not exist"
                fix = "create it or name another"
                yield _error("dangling-label", rule, message, fix, label=name)


def _rules_that_are_over(ruleset: Ruleset, now: datetime | None) -> Iterator[Finding]:
    for rule in ruleset.enabled:
        if now is not None and rule.effective_to is not None and rule.effective_to <= now:
            at = f"{rule.effective_to:%Y-%m-%d %H:%M %Z}"
            fix = "remove it, or give it a later effective_to"
            yield _warning("over", rule, f"its time was over at {at}", fix, at=at)


def _unreachable_rules(ruleset: Ruleset) -> Iterator[Finding]:
    end: Rule | None = None
    for rule in ruleset.enabled:
        if end is not None:
            message = f"rule {end.id} before it always holds and stops"
            fix, about = f"give it an order before {end.order}", _named(end)
            yield _warning("unreachable", rule, message, fix, **about)
        elif rule.always_holds and rule.stop:
            end = rule


def _overruled_primaries(ruleset: Ruleset) -> Iterator[Finding]:
    setter: Rule | None = None
    for rule in ruleset.enabled:
        if rule.primary is None:
            continue
        if setter is not None:
            message = f"its primary never applies: rule {setter.id} before it always sets one"
            fix = f"give it an order before {setter.order}, or only collaborators"
            yield _warning("overruled-primary", rule, message, fix, **_named(setter))
        elif rule.always_holds:
            setter = rule


def _contradictions(ruleset: Ruleset) -> Iterator[Finding]:
    for rule in ruleset.enabled:
        parts = list(_conjuncts(rule.when))
        for what in (*_forbidden_labels(parts), *_empty_ranges(parts)):
            message, fix = f"it never holds: {what}", "drop one of them"
            yield _warning("contradiction", rule, message, fix, what=what)


def _duplicates(ruleset: Ruleset) -> Iterator[Finding]:
    first: dict[object, Rule] = {}
    for rule in ruleset.enabled:
        if rule.when is None or rule.primary is None or _draws(rule.when):
            continue
        twin = first.setdefault((_unordered(rule.when), rule.in_effect, rule.primary), rule)
        if twin is not rule:
            message = f"rule {twin.id} has the same conditions and the same primary"
            yield _warning("duplicate", rule, message, "merge the two", **_named(twin))


def _unrouted_labels(ruleset: Ruleset, labels: Collection[str]) -> Iterator[Finding]:
    routed = {name for rule in ruleset.enabled for name in labels_asked_for(rule.when)}
    for name in labels:
        if name not in routed:
            message = f"label {name} leads to no department"
            yield _warning("unrouted-label", None, message, "add a rule for it", label=name)


def _held_labels(ruleset: Ruleset, held: Collection[str]) -> Iterator[Finding]:
    for rule in ruleset.enabled:
        for name in dict.fromkeys(_labels_in(rule.when)):
            if name in held:
                message = f"it does not see label {name}, which is below level auto"
                fix = f"`pointsman labels level {name} auto` when the label may route"
                yield _warning("held-label", rule, message, fix, label=name)


def _labels_in(when: Condition | None) -> Iterator[str]:
    for part in () if when is None else walk(when):
        if isinstance(part, LabelPredicted | ScoreWithin):
            yield part.label


def _draws(when: Condition) -> bool:
    """Whether chance is part of it, which differs from rule to rule."""
    return any(isinstance(part, ShareUnder) for part in walk(when))


def _conjuncts(when: Condition | None) -> Iterator[Condition]:
    """The conditions of which each must hold, through `all` groups at any depth."""
    if isinstance(when, Group) and when.kind == "all":
        for inner in when.conditions:
            yield from _conjuncts(inner)
    elif when is not None:
        yield when


def _forbidden_labels(parts: list[Condition]) -> Iterator[str]:
    wanted = [part for part in parts if isinstance(part, LabelPredicted)]
    banned = {
        inner
        for part in parts
        if isinstance(part, Group) and part.kind == "none"
        for inner in part.conditions
    }
    return (f"{describe(part)}, and must not be" for part in wanted if part in banned)


def _empty_ranges(parts: list[Condition]) -> Iterator[str]:
    scores = [part for part in parts if isinstance(part, ScoreWithin)]
    for label in dict.fromkeys(part.label for part in scores):
        own = [part for part in scores if part.label == label]
        at_least = max((part.at_least for part in own if part.at_least is not None), default=0.0)
        below = min((part.below for part in own if part.below is not None), default=inf)
        if at_least >= below:
            yield f"score({label}) >= {at_least:g} and < {below:g}"


def _unordered(condition: Condition) -> object:
    """Equal for conditions that differ in the order of their parts only."""
    if not isinstance(condition, Group):
        return condition
    return (condition.kind, frozenset(map(_unordered, condition.conditions)))


def _named(rule: Rule) -> dict[str, str]:
    return {"other": rule.id, "order": str(rule.order)}


def _error(code: str, rule: Rule | None, message: str, fix: str, **about: str) -> Finding:
    name = None if rule is None else rule.id
    severity = Severity.ERROR
    return Finding(code=code, severity=severity, rule=name, message=message, fix=fix, about=about)


def _warning(code: str, rule: Rule | None, message: str, fix: str, **about: str) -> Finding:
    return replace(_error(code, rule, message, fix, **about), severity=Severity.WARNING)
