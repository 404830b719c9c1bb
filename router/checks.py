"""Conditions as functions of a ticket: each is compiled once and then leaves a trace record.

A check always evaluates everything inside it, so that a trace says of each condition whether it
held. There is no second, quicker evaluation that could come to another result.
"""

import hashlib
import json
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from fnmatch import translate
from math import isfinite
from typing import Any, TypeAlias
from zoneinfo import ZoneInfo

from router.conditions import (
    DAY_MINUTES,
    DAYS,
    Circumstance,
    Condition,
    FieldIs,
    Group,
    GroupKind,
    HoursWithin,
    InEffect,
    LabelPredicted,
    MetadataIs,
    ScoreWithin,
    ShareUnder,
    TextContains,
    clock,
    describe,
)
from router.facts import Facts, field_key
from router.phrases import Phrase

Record: TypeAlias = dict[str, Any]
Check: TypeAlias = Callable[[Facts], Record]

_SHARES = 1_000_000
_GLOB = re.compile(r"[*?\[]")
_VERDICTS: dict[GroupKind, Callable[[Iterable[bool]], bool]] = {
    "all": all,
    "any": any,
    "none": lambda held: not any(held),
}


def is_pattern(value: str) -> bool:
    """Whether a customer value stands for more than itself."""
    return _GLOB.search(value) is not None


def compile_condition(condition: Condition, *, rule: str) -> Check:
    """A function from facts to a trace record, which has `held` and says what was found.

    `rule` is the id of the rule that it belongs to, by which shares are drawn.

    A record holds `condition` (readable), `value` and `held`, that of a label its `threshold` too;
    that of a group holds its kind with the records inside it, and `held`. No record quotes the
    ticket's text, customer or metadata: there `value` is what of the rule matched.
    """
    match condition:
        case Group():
            return _group_check(condition, rule)
        case LabelPredicted():
            return _label_check(condition)
        case ScoreWithin():
            return _score_check(condition)
        case FieldIs():
            is_customer = condition.field == "customer"
            return _customer_check(condition) if is_customer else _field_check(condition)
        case TextContains():
            return _text_check(condition)
        case _:
            return _circumstance_check(condition, rule)


def _circumstance_check(condition: Circumstance, rule: str) -> Check:
    match condition:
        case HoursWithin():
            return _hours_check(condition)
        case ShareUnder():
            return _share_check(condition, rule)
        case MetadataIs():
            return _metadata_check(condition)
        case InEffect():
            return _effect_check(condition)


def _group_check(group: Group, rule: str) -> Check:
    kind, verdict = group.kind, _VERDICTS[group.kind]
    checks = [compile_condition(condition, rule=rule) for condition in group.conditions]

    def check(facts: Facts) -> Record:
        records = [inner(facts) for inner in checks]
        return {kind: records, "held": verdict([record["held"] for record in records])}

    return check


def _label_check(condition: LabelPredicted) -> Check:
    label, line = condition.label, describe(condition)

    def check(facts: Facts) -> Record:
        return {
            "condition": line,
            "value": _json_number(facts.scores.get(label)),
            "threshold": facts.threshold(label),
            "held": label in facts.predicted,
        }

    return check


def _score_check(condition: ScoreWithin) -> Check:
    label, line = condition.label, describe(condition)
    at_least = float("-inf") if condition.at_least is None else condition.at_least
    below = float("inf") if condition.below is None else condition.below

    def check(facts: Facts) -> Record:
        score = facts.scores.get(label)
        held = score is not None and at_least <= score < below
        return {"condition": line, "value": _json_number(score), "held": held}

    return check


def _field_check(condition: FieldIs) -> Check:
    field, line = condition.field, describe(condition)
    wanted = {field_key(field, value) for value in condition.values}

    def check(facts: Facts) -> Record:
        held = not wanted.isdisjoint(facts.keys)
        return {"condition": line, "value": getattr(facts.ticket, field), "held": held}

    return check


def _customer_check(condition: FieldIs) -> Check:
    line = describe(condition)
    exact = {value.casefold(): value for value in condition.values}
    patterns = {v: re.compile(translate(v.casefold())) for v in condition.values if is_pattern(v)}

    def check(facts: Facts) -> Record:
        name = (facts.ticket.customer or "").casefold()
        matched = exact.get(name) or next((v for v, p in patterns.items() if p.match(name)), None)
        held = bool(name) and matched is not None
        return {"condition": line, "value": matched if held else None, "held": held}

    return check


def _text_check(condition: TextContains) -> Check:
    line, part = describe(condition), condition.part
    phrases = [Phrase(text) for text in condition.phrases]

    def check(facts: Facts) -> Record:
        found = facts.passage(part).first_of(phrases)
        return {"condition": line, "value": found and found.text, "held": found is not None}

    return check


def _local(moment: datetime, zone: ZoneInfo) -> datetime:
    """The zone's time; as it is at the ends of the calendar, where zones have no time."""
    try:
        return moment.astimezone(zone)
    except OverflowError:
        return moment


def _hours_check(condition: HoursWithin) -> Check:
    line, zone, days = describe(condition), ZoneInfo(condition.zone), condition.days
    start, end = condition.start_minute, condition.end_minute
    clocks = [clock(minute) for minute in range(DAY_MINUTES)]

    def check(facts: Facts) -> Record:
        local = _local(facts.now, zone)
        minute = local.hour * 60 + local.minute
        inside = start <= minute < end if start < end else minute >= start or minute < end
        began_yesterday = end < start and minute < end
        began = DAYS[local.weekday() - began_yesterday]
        value = f"{DAYS[local.weekday()]} {clocks[minute]}"
        return {"condition": line, "value": value, "held": inside and began in days}

    return check


def share_of(key: str, salt: str) -> float:
    """Where a ticket falls among all, evenly in [0, 1) by six digits; always the same.

    The first 64 bits of SHA-256, so that every process and every release draws alike.
    """
    drawn = hashlib.sha256(f"{salt}\0{key}".encode()).digest()[:8]
    return (int.from_bytes(drawn, "big") * _SHARES >> 64) / _SHARES


def _share_check(condition: ShareUnder, rule: str) -> Check:
    line, limit = describe(condition), condition.share

    def check(facts: Facts) -> Record:
        share = share_of(facts.ticket.id, rule)
        return {"condition": line, "value": share, "held": share < limit}

    return check


def _metadata_check(condition: MetadataIs) -> Check:
    line, path, exists = describe(condition), condition.key.split("."), condition.exists
    wanted = {value.casefold(): value for value in condition.values}

    def check(facts: Facts) -> Record:
        found = _at(facts.ticket.metadata, path)
        if not wanted:
            return {"condition": line, "value": bool(found), "held": bool(found) == exists}
        matched = next((wanted[each] for each in found if each in wanted), None)
        return {"condition": line, "value": matched, "held": matched is not None}

    return check


def _at(metadata: Any, path: Sequence[str]) -> list[str]:
    """What stands at the end of a path, as rules compare it: no, one or several values.

    An object counts as one value that is equal to nothing.
    """
    for key in path:
        metadata = metadata.get(key) if isinstance(metadata, Mapping) else None
    listed = metadata if isinstance(metadata, list) else [metadata]
    return [_folded(each) for each in listed if each is not None]


def _folded(value: Any) -> str:
    if isinstance(value, str):
        return value.casefold()
    return "" if isinstance(value, Mapping | list) else json.dumps(value)


def _effect_check(condition: InEffect) -> Check:
    line, start, end = describe(condition), condition.start, condition.end

    def check(facts: Facts) -> Record:
        early = start is not None and facts.now < start
        late = end is not None and facts.now >= end
        value = "not yet" if early else "over" if late else "now"
        return {"condition": line, "value": value, "held": value == "now"}

    return check


def _json_number(score: float | None) -> float | None:
    """JSON has no NaN and no infinity."""
    return score if score is not None and isfinite(score) else None
