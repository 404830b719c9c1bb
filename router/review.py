"""Which decisions a person should look at, why, and how unsure they are. Pure."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from core.audit_sample import AUDIT_SALT, is_drawn
from core.types import Decision, Reason, ReviewReason, Routing
from router.facts import DEFAULT_THRESHOLD

_DOUBTS = {
    Reason.BELOW_THRESHOLD: ReviewReason.BELOW_THRESHOLD,
    Reason.EXCLUDED_LABEL: ReviewReason.EXCLUDED_LABEL,
    Reason.NO_RULE: ReviewReason.NO_RULE,
    Reason.UNSUPPORTED_LANGUAGE: ReviewReason.UNSUPPORTED_LANGUAGE,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class ReviewPlan:
    """What the queue takes.

    Attributes:
        audit_share: of all tickets that chance draws, in [0, 1].
        due_s: seconds after the decision by which somebody should have looked.
    """

    audit_share: float
    due_s: float


def reasons(decision: Decision, audit_share: float) -> tuple[ReviewReason, ...]:
    """Why a person should look at a decision, all reasons at once; () where nothing is wanted."""
    return tuple(_reasons(decision, audit_share))


def uncertainty(
    scores: Mapping[str, float], thresholds: Mapping[str, float], routing: Routing
) -> float:
    """How near the decision came to another one, in [0, 1].

    One less the smallest distance between a score and its label's threshold, as a share of the
    way from the threshold to the end of the scale: 1 on a threshold, 0 where each score is 0 or 1.
    This is uncertainty sampling for several labels by the label that is least sure (Brinker, "On
    active learning in multi-label classification", 2006). Where nobody could score the ticket, or
    scores say nothing for its language, it is 1.

    Args:
        scores: probability in [0, 1] by label.
        thresholds: the score from which each label counts.
        routing: what was decided.
    """
    if not scores or routing.reason is Reason.UNSUPPORTED_LANGUAGE:
        return 1.0
    return 1.0 - min(
        _distance(score, thresholds.get(label, DEFAULT_THRESHOLD))
        for label, score in scores.items()
    )


def _reasons(decision: Decision, audit_share: float) -> Iterator[ReviewReason]:
    routing = decision.routing
    if routing.reason in _DOUBTS:
        yield _DOUBTS[routing.reason]
    if not routing.labels and (routing.preselected or routing.suggested):
        yield ReviewReason.UNCONFIRMED_LABEL
    if is_drawn(str(decision.ticket_id), AUDIT_SALT, audit_share):
        yield ReviewReason.AUDIT


def _distance(score: float, threshold: float) -> float:
    room = threshold if score < threshold else 1.0 - threshold
    return abs(score - threshold) / room if room > 0 else 0.0
