"""What a rule can ask of a ticket: the words of the condition language, as frozen values.

How they are written down is in `schema.py`, how they are tested against a ticket in `checks.py`.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Literal, TypeAlias, get_args

Day: TypeAlias = Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
FieldName: TypeAlias = Literal["channel", "language", "customer", "priority"]
GroupKind: TypeAlias = Literal["all", "any", "none"]
TextPart: TypeAlias = Literal["subject", "body", "any"]

DAYS: tuple[Day, ...] = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
FIELDS: tuple[FieldName, ...] = get_args(FieldName)
DAY_MINUTES = 24 * 60


@dataclass(frozen=True, slots=True, kw_only=True)
class LabelPredicted:
    """Holds when the label's score is at or over its threshold."""

    label: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ScoreWithin:
    """Holds when `at_least` <= score < `below`, both in [0, 1]; None leaves that side open."""

    label: str
    at_least: float | None = None
    below: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class FieldIs:
    """Holds when the ticket's field is one of the values, upper or lower case alike.

    A language covers its variants: `de` holds for `de-AT` (RFC 4647, section 3.3.1). A customer
    may be a pattern with `*`, `?` and `[seq]`.
    """

    field: FieldName
    values: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class TextContains:
    """Holds when one of the phrases stands in the text as whole words, in any case."""

    phrases: tuple[str, ...]
    part: TextPart = "any"


@dataclass(frozen=True, slots=True, kw_only=True)
class HoursWithin:
    """Holds from `start_minute` up to but not at `end_minute`, by the clock on the zone's walls.

    Minutes count from midnight: start in [0, 1439], end in [1, 1440]. With start after end the
    interval runs past midnight and belongs to the day on which it began.
    """

    zone: str
    days: tuple[Day, ...] = DAYS
    start_minute: int = 0
    end_minute: int = DAY_MINUTES


@dataclass(frozen=True, slots=True, kw_only=True)
class ShareUnder:
    """Holds for a share of all tickets in [0, 1], drawn by a hash of the sender's id.

    The rule's own id salts the hash: a ticket is always on the same side of one rule, and equal
    shares of two rules are of different tickets.
    """

    share: float


@dataclass(frozen=True, slots=True, kw_only=True)
class MetadataIs:
    """Holds when what stands under a key of the metadata is one of the values, in any case.

    `key` is a path with a dot before each key further in. A number or a truth value is compared as
    JSON writes it, and of a list one item is enough. Without values the key must exist, or must
    not where `exists` is False; null does not exist.
    """

    key: str
    values: tuple[str, ...] = ()
    exists: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class InEffect:
    """Holds from `start` up to but not at `end`, both aware; None leaves that side open.

    Not of the language: it is what a rule's `effective_from` and `effective_to` come to.
    """

    start: datetime | None = None
    end: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """Holds when all, any or none of its conditions hold."""

    kind: GroupKind
    conditions: tuple["Condition", ...]


Circumstance: TypeAlias = HoursWithin | ShareUnder | MetadataIs | InEffect
Condition: TypeAlias = LabelPredicted | ScoreWithin | FieldIs | TextContains | Circumstance | Group


def describe(condition: Condition) -> str:
    """The condition as one readable line, for traces and findings."""
    match condition:
        case LabelPredicted():
            return f"{condition.label} is predicted"
        case ScoreWithin():
            return _describe_score(condition)
        case FieldIs():
            return f"{condition.field} is {_either(condition.values)}"
        case TextContains():
            where = "text" if condition.part == "any" else condition.part
            return f"{where} contains {_either(condition.phrases)}"
        case Group():
            return f"{condition.kind} of ({'; '.join(map(describe, condition.conditions))})"
        case _:
            return _describe_circumstance(condition)


def walk(condition: Condition) -> Iterator[Condition]:
    """The condition and everything inside it, outermost first."""
    yield condition
    if isinstance(condition, Group):
        for inner in condition.conditions:
            yield from walk(inner)


def clock(minute: int) -> str:
    """Minutes since midnight as `HH:MM`; 1440 is `24:00`."""
    return f"{minute // 60:02}:{minute % 60:02}"


def _describe_circumstance(condition: Circumstance) -> str:
    match condition:
        case HoursWithin():
            return _describe_hours(condition)
        case ShareUnder():
            return f"share is under {_share(condition.share)}"
        case MetadataIs():
            return _describe_metadata(condition)
        case InEffect():
            return _describe_effect(condition)


def _describe_score(condition: ScoreWithin) -> str:
    name = f"score({condition.label})"
    if condition.at_least is None:
        return f"{name} < {_share(condition.below)}"
    if condition.below is None:
        return f"{name} >= {_share(condition.at_least)}"
    return f"{_share(condition.at_least)} <= {name} < {_share(condition.below)}"


def _describe_hours(condition: HoursWithin) -> str:
    days = "every day" if condition.days == DAYS else ", ".join(condition.days)
    span = f"{clock(condition.start_minute)} to {clock(condition.end_minute)}"
    return f"time is {days} {span} in {condition.zone}"


def _describe_metadata(condition: MetadataIs) -> str:
    name = f"metadata {condition.key}"
    if condition.values:
        return f"{name} is {_either(condition.values)}"
    return f"{name} {'exists' if condition.exists else 'does not exist'}"


def _describe_effect(condition: InEffect) -> str:
    start = f" from {condition.start:%Y-%m-%d %H:%M %Z}" if condition.start else ""
    end = f" until {condition.end:%Y-%m-%d %H:%M %Z}" if condition.end else ""
    return f"rule is in effect{start}{end}"


def _share(score: float | None) -> str:
    """Two decimals, more only where the rule has more."""
    value = 0.0 if score is None else score
    short = f"{value:.2f}"
    return short if float(short) == value else repr(value)


def _either(values: tuple[str, ...]) -> str:
    return " or ".join(values)
