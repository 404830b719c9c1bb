"""A ruleset as ops write it, and as the JSON document that is stored, exported and compared."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from router.conditions import (
    DAY_MINUTES,
    DAYS,
    Circumstance,
    Condition,
    FieldIs,
    Group,
    HoursWithin,
    InEffect,
    LabelPredicted,
    MetadataIs,
    ScoreWithin,
    ShareUnder,
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
        effective_from: the rule holds for no ticket decided before, in UTC; None for at once.
        effective_to: nor for one decided then or later; None for ever.
        primary: department that owns the ticket, unless an earlier rule named one.
        collaborators: departments that take part.
        stop: no later rule is considered once this one held.
    """

    id: str
    order: int
    description: str | None = None
    enabled: bool = True
    effective_from: datetime | None = None
    effective_to: datetime | None = None
    when: Condition | None = None
    primary: str | None = None
    collaborators: tuple[str, ...] = ()
    stop: bool = False

    @property
    def in_effect(self) -> InEffect | None:
        """When the rule may hold; None for always."""
        if self.effective_from is None and self.effective_to is None:
            return None
        return InEffect(start=self.effective_from, end=self.effective_to)

    @property
    def always_holds(self) -> bool:
        """Whether it holds for every ticket at any time."""
        return self.when is None and self.in_effect is None


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
        case _:
            return _circumstance_object(condition)


def _circumstance_object(condition: Circumstance) -> Document:
    match condition:
        case HoursWithin():
            return {"hours": _hours_object(condition)}
        case ShareUnder():
            return {"share": condition.share}
        case MetadataIs():
            return {"metadata": _metadata_object(condition)}
        case InEffect():
            raise TypeError("a rule's time is written in its own fields")


def _rule_object(rule: Rule) -> Document:
    document: Document = {"id": rule.id, "order": rule.order}
    if rule.description is not None:
        document["description"] = rule.description
    if not rule.enabled:
        document["enabled"] = False
    for field in ("effective_from", "effective_to"):
        if (moment := getattr(rule, field)) is not None:
            document[field] = moment.isoformat()
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


def _metadata_object(condition: MetadataIs) -> Document:
    if condition.values:
        return {"key": condition.key, "is": _one_or_many(condition.values)}
    return {"key": condition.key, "exists": condition.exists}


def _one_or_many(values: tuple[str, ...]) -> str | list[str]:
    return values[0] if len(values) == 1 else list(values)
