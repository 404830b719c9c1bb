"""The door for rulesets: a decoded JSON or YAML document in, a `Ruleset` or an `Invalid` out.

The API, the console and YAML files all come through `parse_ruleset`.
"""

from collections.abc import Iterable, Sequence
from typing import NoReturn

from pydantic import ValidationError

from core.errors import Invalid
from core.text import clean_text
from router.conditions import (
    DAY_MINUTES,
    DAYS,
    FIELDS,
    Circumstance,
    Condition,
    FieldIs,
    Group,
    GroupKind,
    HoursWithin,
    LabelPredicted,
    MetadataIs,
    ScoreWithin,
    ShareUnder,
    TextContains,
)
from router.ruleset import Rule, Ruleset
from router.schema import (
    ConditionShape,
    HoursShape,
    MetadataShape,
    RulesetShape,
    RuleShape,
    ScoreShape,
    TextShape,
)

MAX_DEPTH = 8

_GROUPS: tuple[GroupKind, ...] = ("all", "any", "none")
_PROBLEMS = {
    "extra_forbidden": "is not a known field",
    "missing": "is missing",
    "model_type": "is not an object",
    "recursion_depth_exceeded": "is nested too deeply",
    "recursion_loop": "is nested in itself",
    "string_pattern_mismatch": "has the wrong form",
    "too_short": "is empty",
}
_FIXES = {
    "blank": "give it at least one visible character",
    "bool_type": "give true or false",
    "extra_forbidden": "remove it or correct its spelling",
    "int_type": "give a whole number",
    "list_type": "give a list",
    "literal_error": "use one of these",
    "missing": "add it",
    "model_type": "give an object with named fields",
    "datetime_from_date_parsing": "give one such as 2026-07-01T00:00:00+02:00",
    "datetime_parsing": "give one such as 2026-07-01T00:00:00+02:00",
    "moment": "give one such as 2026-07-01T00:00:00+02:00",
    "no_bound": "give one of them or both",
    "no_interval": "let it end at another time; a whole day is 00:00 to 24:00",
    "no_period": "let effective_to be after effective_from",
    "nobody": "give a primary, collaborators or both",
    "one_key": "give each condition an item of its own in an all, any or none list",
    "one_of": "give one of the two",
    "recursion_depth_exceeded": f"use at most {MAX_DEPTH} groups in each other",
    "recursion_loop": "write each condition out",
    "string_pattern_mismatch": "an id has lower-case letters, digits and hyphens, a time HH:MM",
    "string_too_long": "shorten it",
    "string_type": "give a string, in quotes if it looks like a number",
    "timezone_aware": "say its zone, as in 2026-07-01T00:00:00+02:00",
    "too_long": "give fewer",
    "too_short": "give at least one item or leave it out",
    "zone": "use a name such as Europe/Berlin",
}


def parse_ruleset(raw: object) -> Ruleset:
    """Checks one decoded JSON value and gives it its meaning; rules are put by ascending order.

    Raises:
        Invalid: names the first wrong field as a path (`rules.3.when.all.0.score.at_least`), what
            is wrong with it and what to do; unknown fields, repeated ids and repeated orders too.
    """
    try:
        shape = RulesetShape.model_validate(raw)
    except ValidationError as error:
        _refuse(error)
    rules = [_rule(rule, f"rules.{position}") for position, rule in enumerate(shape.rules)]
    _check_unique("id", rules, [rule.id for rule in rules])
    _check_unique("order", rules, [rule.order for rule in rules])
    return Ruleset(default_department=shape.default_department, rules=tuple(rules))


def _rule(shape: RuleShape, path: str) -> Rule:
    return Rule(
        id=shape.id,
        order=shape.order,
        description=shape.description,
        enabled=shape.enabled,
        effective_from=shape.effective_from,
        effective_to=shape.effective_to,
        when=None if shape.when is None else _condition(shape.when, f"{path}.when", depth=0),
        primary=shape.then.primary,
        collaborators=_unique(shape.then.collaborators or ()),
        stop=shape.stop,
    )


def _condition(shape: ConditionShape, path: str, *, depth: int) -> Condition:
    match shape:
        case ConditionShape(label=str(label)):
            return LabelPredicted(label=label)
        case ConditionShape(score=ScoreShape() as score):
            return ScoreWithin(label=score.label, at_least=score.at_least, below=score.below)
        case ConditionShape(text=TextShape() as text):
            return TextContains(phrases=_unique(text.contains), part=text.part)
    if (circumstance := _circumstance(shape)) is not None:
        return circumstance
    for kind in _GROUPS:
        if (items := getattr(shape, kind)) is not None:
            return _group(kind, items, f"{path}.{kind}", depth=depth + 1)
    field = next(name for name in FIELDS if getattr(shape, name) is not None)
    return FieldIs(field=field, values=_unique(getattr(shape, field)))


def _circumstance(shape: ConditionShape) -> Circumstance | None:
    match shape:
        case ConditionShape(hours=HoursShape() as hours):
            return _hours(hours)
        case ConditionShape(share=float(share)):
            return ShareUnder(share=share)
        case ConditionShape(metadata=MetadataShape() as metadata):
            return _metadata(metadata)
        case _:
            return None


def _group(kind: GroupKind, items: Iterable[ConditionShape], path: str, *, depth: int) -> Group:
    if depth > MAX_DEPTH:
        raise Invalid(path, "is nested too deeply", f"use at most {MAX_DEPTH} groups in each other")
    conditions = (_condition(item, f"{path}.{n}", depth=depth) for n, item in enumerate(items))
    return Group(kind=kind, conditions=tuple(conditions))


def _hours(shape: HoursShape) -> HoursWithin:
    return HoursWithin(
        zone=shape.zone,
        days=tuple(day for day in DAYS if day in shape.days),
        start_minute=_minute(shape.start),
        end_minute=_minute(shape.end) or DAY_MINUTES,
    )


def _metadata(shape: MetadataShape) -> MetadataIs:
    return MetadataIs(
        key=shape.key,
        values=_unique(shape.values or ()),
        exists=shape.exists is not False,
    )


def _minute(clock: str) -> int:
    hours, minutes = clock.split(":")
    return int(hours) * 60 + int(minutes)


def _unique(values: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(values))


def _check_unique(field: str, rules: Sequence[Rule], values: Sequence[str | int]) -> None:
    holders: dict[str | int, int] = {}
    for position, value in enumerate(values):
        holder = holders.setdefault(value, position)
        if holder != position:
            problem = f"{value} is that of rule {rules[holder].id} (rules.{holder}) already"
            fix = f"give rule {rules[position].id} (rules.{position}) another {field}"
            raise Invalid(f"rules.{position}.{field}", problem, fix)


def _refuse(error: ValidationError) -> NoReturn:
    first = error.errors(include_url=False, include_input=False)[0]
    field = ".".join(str(part) for part in first["loc"]) or "ruleset"
    problem = _PROBLEMS.get(first["type"], first["msg"].lower())
    fix = _FIXES.get(first["type"], "give a value within the limits")
    raise Invalid(clean_text(field).text[:200], problem, fix) from error
