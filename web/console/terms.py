"""Codes of decisions, runs and trials as people read them."""

from collections.abc import Mapping

from babel.support import NullTranslations

from core.types import Reason, ReviewOutcome, Rung, RunState, TicketState
from store.models.trials import TrialOutcome
from web.console.words import N_

TERMS: Mapping[str, Mapping[str, str]] = {
    "state": {
        TicketState.ACCEPTED: N_("accepted"),
        TicketState.CLAIMED: N_("claimed"),
        TicketState.DECIDED: N_("decided"),
        TicketState.REVIEW: N_("in review"),
        TicketState.QUARANTINED: N_("quarantined"),
        TicketState.ERASED: N_("erased"),
    },
    "rung": {
        Rung.MODEL: N_("model"),
        Rung.MODEL_CPU: N_("model on the CPU"),
        Rung.LINEAR: N_("linear model"),
        Rung.KEYWORDS: N_("keywords"),
        Rung.DEFAULT: N_("no scores"),
    },
    "reason": {
        Reason.RULE: N_("a rule"),
        Reason.NO_RULE: N_("no rule is about these labels"),
        Reason.BELOW_THRESHOLD: N_("no label was likely enough"),
        Reason.EXCLUDED_LABEL: N_("a likely label is not on level auto"),
        Reason.UNSUPPORTED_LANGUAGE: N_("the model is not fit for its language"),
        Reason.EMPTY_TEXT: N_("the ticket has no text"),
        Reason.MODEL_UNAVAILABLE: N_("nothing could score it"),
        Reason.MANUAL_TRIAGE: N_("it failed and wants a human"),
        Reason.INCIDENT: N_("it is part of an incident"),
    },
    "part": {
        "primary_department": N_("department"),
        "collaborators": N_("departments that take part"),
        "labels": N_("labels"),
        "preselected": N_("ticked labels"),
        "suggested": N_("suggested labels"),
        "reason": N_("reason"),
        "rule": N_("rule"),
        "trace": N_("rules that were considered"),
    },
    "review": {
        ReviewOutcome.ACCEPTED: N_("accepted"),
        ReviewOutcome.REPLACED: N_("replaced"),
        ReviewOutcome.SKIPPED: N_("skipped"),
        ReviewOutcome.SUPERSEDED: N_("decided anew"),
    },
    "run": {
        RunState.QUEUED: N_("queued"),
        RunState.RUNNING: N_("running"),
        RunState.SUCCEEDED: N_("succeeded"),
        RunState.FAILED: N_("failed"),
    },
    "trigger": {
        "manual": N_("by hand"),
        "corrections": N_("corrections"),
        "override rate": N_("overruled decisions"),
        "drift": N_("drift"),
        "time": N_("time"),
    },
    "gate": {
        "promoted": N_("promoted"),
        "waiting for approval": N_("waiting for approval"),
        "rejected": N_("rejected"),
    },
    "trial": {
        TrialOutcome.ADVANCED: N_("went on"),
        TrialOutcome.PASSED: N_("passed"),
        TrialOutcome.ROLLED_BACK: N_("taken back"),
        TrialOutcome.DISCARDED: N_("ended"),
        TrialOutcome.OVERTAKEN: N_("overtaken"),
    },
}
"""The words for each code, by what it is a code of."""


def called(code: str, kind: str, *, words: NullTranslations) -> str:
    """A code in the reader's language; one that is not known, as it is.

    Args:
        code: as it is stored.
        kind: a key of `TERMS`.
        words: the reader's catalogue.
    """
    known = TERMS[kind].get(code)
    return str(code) if known is None else words.gettext(known)
