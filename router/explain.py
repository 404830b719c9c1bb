"""Why a ticket went to its department, in words that the console and the terminal share."""

from collections.abc import Mapping
from typing import Any

from core.types import Reason, Rung
from router.counterfactual import Alternative, condition_words

_REASONS = {
    Reason.NO_RULE: "no rule is about these labels",
    Reason.BELOW_THRESHOLD: "no label was likely enough",
    Reason.EXCLUDED_LABEL: "a likely label is not on level auto",
    Reason.UNSUPPORTED_LANGUAGE: "the model is not fit for its language",
    Reason.EMPTY_TEXT: "the ticket has no text",
    Reason.MODEL_UNAVAILABLE: "nothing could score it",
    Reason.MANUAL_TRIAGE: "it failed and wants a human",
    Reason.INCIDENT: "it is part of an incident",
}
_RUNGS = {
    Rung.MODEL: "model",
    Rung.MODEL_CPU: "model on the CPU",
    Rung.LINEAR: "linear model",
    Rung.KEYWORDS: "keywords",
    Rung.DEFAULT: "no scores",
}


def why(reason: str, rule: str | None) -> str:
    """Why the primary department is the primary.

    Args:
        reason: a `Reason`; one that this code does not know is given back as it is.
        rule: the rule that named the department, if one did.
    """
    if rule is not None:
        return f"rule {rule}"
    return _REASONS.get(Reason(reason), reason) if reason in set(Reason) else reason


def no_prediction(reason: str) -> str | None:
    """Why no rule placed the ticket by its labels; None where one did."""
    return None if reason == Reason.RULE else why(reason, None)


def rung_words(rung: str) -> str:
    """What gave the scores; a rung that this code does not know is given back as it is."""
    return _RUNGS[Rung(rung)] if rung in set(Rung) else rung


def rule_words(record: Mapping[str, Any]) -> str:
    """One rule of a trace: what it asked, what was found, and what it did."""
    verdict = "held" if record["held"] else "did not hold"
    found = "; ".join(_condition(each) for each in record["conditions"]) or "it has no condition"
    effect = f" → {record['effect']}" if record["effect"] else ""
    return f"{record['rule']} {verdict}: {found}{effect}"


def change_words(change: Alternative) -> str:
    """One alternative as a sentence."""
    match change.kind:
        case "score":
            assert change.score is not None
            assert change.needed is not None
            way = "up to" if change.needed > change.score else "down to"
            moved = f"a score of {change.label} {way} {_number(change.needed)}"
            return f"{moved} instead of {_number(change.score)} leads to {change.primary}"
        case "level":
            return f"{change.label} on level auto leads to {change.primary}"
        case "rule_off":
            return f"without rule {change.rule} it goes to {change.primary}"
        case "rule_held":
            missing = f"rule {change.rule} fails at one condition ({change.condition})"
            return f"{missing}; if that held, it goes to {change.primary}"


def _condition(record: Mapping[str, Any]) -> str:
    mark = "✓" if record["held"] else "✗"
    value = record.get("value")
    told = "" if value is None else f" ({_number(value) if isinstance(value, float) else value}"
    if told and "threshold" in record:
        told += f", counts from {_number(record['threshold'])}"
    return f"{mark} {condition_words(record)}{told}{')' if told else ''}"


def _number(score: float) -> str:
    """Two decimals, or as many as it takes to tell it from its neighbour."""
    return f"{score:.2f}" if round(score, 2) == score else f"{score:.6f}".rstrip("0")
