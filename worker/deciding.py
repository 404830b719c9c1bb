"""From a ticket's scores to its decision: pure, one ticket at a time."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime

from core.text import text_hash
from core.types import Decision, Reason, Routing, Rung, TicketState, Versions
from router.decide import decide
from router.policy import Policy
from router.review import ReviewPlan, reasons, uncertainty
from store.decided.decisions import Finished
from store.feedback.review_items import Wanted
from store.queue.claims import Claim
from worker.host import Serving

SCORE_DIGITS = 6
"""Scores are rounded before deciding, so that the stored record is what was decided on."""


def decided(
    claim: Claim, *, text: str, row: Sequence[float], serving: Serving, now: datetime
) -> Finished:
    """The decision on a ticket.

    Args:
        claim: the ticket and our right to decide it.
        text: what the scorer read, for the input hash.
        row: scores in [0, 1] in the scorer's label order; empty when there was nothing to read.
        serving: scorer, rules and their versions.
        now: the moment that rules about hours go by.
    """
    scorer = serving.scorer
    scores = serving.policy.known(rounded_scores(scorer.labels, row))
    routing = decide(
        scores=scores,
        policy=serving.policy,
        rulebook=serving.rulebook,
        ticket=claim.ticket,
        rung=scorer.rung,
        now=now,
    )
    decision = Decision(
        ticket_id=claim.id,
        revision=claim.revision,
        routing=routing,
        scores=scores,
        rung=scorer.rung,
        versions=versions(serving),
        input_hash=text_hash(text),
    )
    return Finished(
        decision=decision, token=claim.token, rescore=scorer.rung.is_degraded and bool(text)
    )


def quarantined(claim: Claim, *, text: str, error: str, serving: Serving) -> Finished:
    """Manual triage for a ticket that nothing can score, with what went wrong."""
    routing = Routing(
        primary=serving.rulebook.default_department,
        collaborators=(),
        labels=(),
        reason=Reason.MANUAL_TRIAGE,
        rule=None,
        trace=[],
    )
    decision = Decision(
        ticket_id=claim.id,
        revision=claim.revision,
        routing=routing,
        scores={},
        rung=Rung.DEFAULT,
        versions=versions(serving),
        input_hash=text_hash(text),
    )
    return Finished(
        decision=decision, token=claim.token, state=TicketState.QUARANTINED, error=error
    )


def refused(finished: Finished, error: str) -> Finished:
    """Manual triage by the department that was chosen, for a decision that cannot be stored."""
    routing = replace(
        finished.decision.routing,
        collaborators=(),
        labels=(),
        reason=Reason.MANUAL_TRIAGE,
        rule=None,
        trace=[],
        preselected=(),
        suggested=(),
    )
    return replace(
        finished,
        decision=replace(finished.decision, routing=routing, scores={}),
        state=TicketState.QUARANTINED,
        rescore=False,
        error=f"the database refuses its decision: {error}",
        review=None,
    )


def review_wanted(decision: Decision, policy: Policy, plan: ReviewPlan) -> Wanted | None:
    """What a person should look at, if anything; `policy` is the one that was decided by."""
    why = reasons(decision, plan.audit_share)
    if not why:
        return None
    unsure = uncertainty(decision.scores, policy.auto_from, decision.routing)
    return Wanted(reasons=why, uncertainty=unsure, due_s=plan.due_s)


def rounded_scores(labels: Sequence[str], row: Sequence[float]) -> Mapping[str, float]:
    """Scores by label as they are decided on and stored; 0 for all when there is no row."""
    if len(row) == 0:
        return dict.fromkeys(labels, 0.0)
    return {
        label: round(float(score), SCORE_DIGITS) for label, score in zip(labels, row, strict=True)
    }


def versions(serving: Serving) -> Versions:
    """The versions that a decision made with `serving` records."""
    used = serving.scorer.versions
    return Versions(
        model=used.model,
        calibration=used.calibration,
        thresholds=serving.policy.version,
        ruleset=serving.ruleset_version,
    )
