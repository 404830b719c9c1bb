"""Why a ticket went to its department, in words that the console and the terminal share."""

from core.types import Reason, Rung

_REASONS = {
    Reason.NO_RULE: "no rule is about these labels",
    Reason.BELOW_THRESHOLD: "no label was likely enough",
    Reason.EXCLUDED_LABEL: "a likely label is not on level auto",
    Reason.UNSUPPORTED_LANGUAGE: "the model is not fit for its language",
    Reason.EMPTY_TEXT: "the ticket has no text",
    Reason.MODEL_UNAVAILABLE: "nothing could score it",
    Reason.MANUAL_TRIAGE: "it failed and wants a human",
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


def rung_words(rung: str) -> str:
    """What gave the scores; a rung that this code does not know is given back as it is."""
    return _RUNGS[Rung(rung)] if rung in set(Rung) else rung
