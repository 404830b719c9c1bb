"""Rules that follow their labels: the same rules in the words of today."""

from collections.abc import Collection, Mapping
from dataclasses import replace

from core.errors import Invalid
from router.conditions import Condition, Group, LabelPredicted, ScoreWithin, walk
from router.parse import parse_ruleset
from router.ruleset import Ruleset, ruleset_object

Names = Mapping[str, tuple[str, ...]]


def rules_naming(ruleset: Ruleset, labels: Collection[str]) -> tuple[str, ...]:
    """Ids of the rules, disabled ones too, whose conditions name one of the labels."""
    return tuple(
        rule.id
        for rule in ruleset.rules
        if rule.when is not None
        and any(
            isinstance(part, LabelPredicted | ScoreWithin) and part.label in labels
            for part in walk(rule.when)
        )
    )


def relabelled(ruleset: Ruleset, names: Names) -> Ruleset:
    """The ruleset with labels under their new names.

    Where a label became several, a rule that asked for it asks for any of them, and one that asked
    for a score below a bound asks for all of them below it.

    Args:
        ruleset: left as it is.
        names: old label to the labels that take its place, at least one.

    Raises:
        Invalid: a rule would be nested too deeply.
    """
    rules = [
        rule if rule.when is None else replace(rule, when=_condition(rule.when, names))
        for rule in ruleset.rules
    ]
    changed = replace(ruleset, rules=tuple(rules))
    try:
        return parse_ruleset(ruleset_object(changed))
    except Invalid as error:
        fix = "rewrite that rule by hand first (`pointsman rules export`, `rules import`)"
        raise Invalid(error.field, f"{error.problem} once labels have changed", fix) from error


def _condition(condition: Condition, names: Names) -> Condition:
    match condition:
        case Group(kind=kind, conditions=conditions):
            return Group(kind=kind, conditions=_members(kind, conditions, names))
        case LabelPredicted(label=label):
            return _any([LabelPredicted(label=name) for name in names.get(label, (label,))])
        case ScoreWithin(label=label):
            return _score(condition, names.get(label, (label,)))
        case _:
            return condition


def _members(kind: str, conditions: tuple[Condition, ...], names: Names) -> tuple[Condition, ...]:
    """As they are if nothing changes; else each once, heirs unpacked where that says the same."""
    changed = [_condition(condition, names) for condition in conditions]
    if changed == list(conditions):
        return conditions
    members: dict[Condition, None] = {}
    for before, after in zip(conditions, changed, strict=True):
        if kind != "all" and isinstance(after, Group) and not isinstance(before, Group):
            members |= dict.fromkeys(after.conditions if after.kind == "any" else (after,))
        else:
            members[after] = None
    return tuple(members)


def _score(condition: ScoreWithin, labels: tuple[str, ...]) -> Condition:
    """As if the label's score were the highest of its heirs'."""
    if len(labels) == 1:
        return replace(condition, label=labels[0])
    reached = [ScoreWithin(label=x, at_least=condition.at_least) for x in labels]
    under = [ScoreWithin(label=x, below=condition.below) for x in labels]
    if condition.below is None:
        return _any(reached)
    if condition.at_least is None:
        return Group(kind="all", conditions=tuple(under))
    return Group(kind="all", conditions=(_any(reached), *under))


def _any(conditions: Collection[Condition]) -> Condition:
    first, *others = conditions
    return Group(kind="any", conditions=(first, *others)) if others else first
