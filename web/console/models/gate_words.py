"""What the gate said of a version, in the reader's language; the trainer keeps it in English.

Rows from before codes were kept with it are told as they are.
"""

from collections.abc import Iterator, Mapping
from functools import partial
from typing import Any

from babel.support import NullTranslations

from web.api.models.schemas import Gate as GateOut
from web.console.numbers import number, percent
from web.console.words import N_

_PERSON = N_("A person has the last word.")
WORDS: Mapping[str, str] = {
    "calibration": N_(
        "Calibration error %(error)s after %(before)s; at most %(limit)s is allowed."
    ),
    "calibration_first": N_("Calibration error %(error)s; at most %(limit)s is wanted."),
    "label": N_(
        "F1 of %(label)s changes by %(change)s, with noise at best %(best)s; a drop beyond "
        "%(drop)s that noise does not explain is refused."
    ),
    "latency": N_(
        "The time for a ticket is %(ratio)s times the serving model's; %(limit)s is allowed."
    ),
    "latency_unmeasured": N_("The time for a ticket was not measured of both."),
    "linear": N_("Macro-F1 %(ours)s; the linear model beside it has %(linear)s."),
    "lost_label": N_(
        "The candidate does not know %(label)s, which serves now; rules and people still use it."
    ),
    "macro_f1_holdout": N_(
        "Macro-F1 on the holdout changes by %(change)s (%(confidence)s interval %(low)s to "
        "%(high)s); a drop of up to %(drop)s is allowed."
    ),
    "macro_f1_newest": N_(
        "Macro-F1 on the newest tickets changes by %(change)s (%(confidence)s interval %(low)s to "
        "%(high)s); a drop of up to %(drop)s is allowed."
    ),
    "memory": N_("Its memory is %(ratio)s times the serving model's; %(limit)s is allowed."),
    "memory_unmeasured": N_("The memory of both was not measured."),
    "new_label": N_(
        "%(label)s, which the serving model does not know, has F1 %(f1)s on its %(tickets)s "
        "tickets of the holdout."
    ),
    "new_label_unmeasured": N_(
        "%(label)s, which the serving model does not know, has no ticket in the holdout."
    ),
    "retired_label": N_("The candidate does not know %(label)s, which serves now; it was retired."),
}
"""The sentence of each code of `trainer.loop.gate`."""
_ALL_PASS = N_("Every required check passes.")
_ALONE = N_("No model serves yet, so there is none to compare with.")
_SIGNED = {"change", "low", "high", "best"}
_RATIOS = {"latency", "memory"}


def check_said(check: Mapping[str, Any], *, words: NullTranslations, language: str) -> str:
    """One check."""
    code = str(check.get("code", ""))
    if code not in WORDS:
        return str(check.get("sentence") or check.get("name", ""))
    digits = 2 if code in _RATIOS else 3
    told = partial(_value, digits=digits, signed=code == "label", language=language)
    return words.gettext(WORDS[code]) % {
        name: told(name, of) for name, of in check["values"].items()
    }


def gate_said(gate: Mapping[str, Any] | GateOut, *, words: NullTranslations, language: str) -> str:
    """Why the gate let a version serve, or not."""
    kept = dict(gate)
    checks, decision = kept.get("checks", []), kept.get("decision")
    if decision is None or not all("code" in check for check in checks):
        return str(kept.get("reason") or "")
    if decision == "rejected":
        failed = (each for each in checks if each["required"] and not each["passed"])
        return " ".join(check_said(each, words=words, language=language) for each in failed)
    return " ".join(map(words.gettext, _accepted(kept)))


def _accepted(gate: Mapping[str, Any]) -> Iterator[str]:
    yield _ALL_PASS if gate.get("against") else _ALONE
    if gate.get("decision") == "waiting for approval":
        yield _PERSON


def _value(name: str, of: str | float, *, digits: int, signed: bool, language: str) -> str:
    if isinstance(of, str) or name == "tickets":
        return str(of)
    if name == "confidence":
        return percent(of, language=language)
    return number(of, digits, sign=name in _SIGNED or signed, language=language)
