"""A ruleset as ops write it, and as the JSON document that is stored, exported and compared."""

from dataclasses import dataclass
from typing import Any

from router.conditions import (
    DAY_MINUTES,
    DAYS,
    Condition,
    FieldIs,
    Group,
    HoursWithin,
    LabelPredicted,
    ScoreWithin,
    TextContains,
    clock,
)

Document = dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """One rule: when it holds, who takes the ticket.

    Attributes:
        id: unique slug; decisions and traces name the rule by it.
        order: unique; smaller is considered first.
        when: None always holds.
        primary: department that owns the ticket, unless an earlier rule named one.
        collaborators: departments that take part.
        stop: no later rule is considered once this one held.
    """

    id: str
    order: int
    description: str | None = None
    enabled: bool = True
    when: Condition | None = None
    primary: str | None = None
    collaborators: tuple[str, ...] = ()
    stop: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Ruleset:
    """Every rule, by ascending order however they were given, and who takes what no rule takes."""

    default_department: str
    rules: tuple[Rule, ...] = ()

    def __post_init__(self) -> None:
        ordered = tuple(sorted(self.rules, key=lambda rule: rule.order))
        object.__setattr__(self, "rules", ordered)

    @property
    def enabled(self) -> tuple[Rule, ...]:
        """The rules that are switched on, by ascending order."""
        return tuple(rule for rule in self.rules if rule.enabled)


def ruleset_object(ruleset: Ruleset) -> Document:
    """The JSON document that `parse.parse_ruleset` takes: keys in a fixed order, no defaults."""
    return {
        "default_department": ruleset.default_department,
        "rules": [_rule_object(rule) for rule in ruleset.rules],
    }


def condition_object(condition: Condition) -> Document:
    """One condition of that document; a list of one value is written as the value."""
    match condition:
        case Group():
            return {condition.kind: [condition_object(inner) for inner in condition.conditions]}
        case LabelPredicted():
            return {"label": condition.label}
        case ScoreWithin():
            return {"score": _score_object(condition)}
        case FieldIs():
            return {condition.field: _one_or_many(condition.values)}
        case TextContains():
            return {"text": _text_object(condition)}
        case HoursWithin():
            return {"hours": _hours_object(condition)}


def _rule_object(rule: Rule) -> Document:
    document: Document = {"id": rule.id, "order": rule.order}
    if rule.description is not None:
        document["description"] = rule.description
    if not rule.enabled:
        document["enabled"] = False
    if rule.when is not None:
        document["when"] = condition_object(rule.when)
    document["then"] = _then_object(rule)
    if rule.stop:
        document["stop"] = True
    return document


def _then_object(rule: Rule) -> Document:
    then: Document = {} if rule.primary is None else {"primary": rule.primary}
    if rule.collaborators:
        then["collaborators"] = list(rule.collaborators)
    return then


def _score_object(condition: ScoreWithin) -> Document:
    bounds = {"at_least": condition.at_least, "below": condition.below}
    return {"label": condition.label} | {k: v for k, v in bounds.items() if v is not None}


def _text_object(condition: TextContains) -> Document:
    contains: Document = {"contains": _one_or_many(condition.phrases)}
    return contains if condition.part == "any" else contains | {"in": condition.part}


def _hours_object(condition: HoursWithin) -> Document:
    document: Document = {}
    if condition.days != DAYS:
        document["days"] = list(condition.days)
    if condition.start_minute:
        document["from"] = clock(condition.start_minute)
    if condition.end_minute != DAY_MINUTES:
        document["to"] = clock(condition.end_minute)
    return document | {"zone": condition.zone}


def _one_or_many(values: tuple[str, ...]) -> str | list[str]:
    return values[0] if len(values) == 1 else list(values)
