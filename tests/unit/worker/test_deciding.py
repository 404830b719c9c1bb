from datetime import UTC, datetime

import pytest

from core.types import Reason, ReviewReason, Rung, TicketState
from router.review import ReviewPlan
from store.feedback.review_items import Wanted
from tests.factories.scorers import FakeScorer, serving
from tests.factories.values import a_claim
from worker.deciding import decided, quarantined, refused, review_wanted

NOW = datetime(2026, 1, 1, tzinfo=UTC)


def test_a_decision_records_everything_that_it_came_from() -> None:
    claim = a_claim()
    serves = serving()
    made = decided(claim, text="Parcel is late", row=[0.1234567, 0.2], serving=serves, now=NOW)
    decision = made.decision
    assert decision.scores == {"delivery": 0.123457, "refund": 0.2}
    assert (decision.versions.model, decision.versions.ruleset) == ("m", 3)
    assert decision.versions.calibration == "c"
    assert decision.versions.thresholds == serves.policy.version
    assert len(decision.input_hash) == 32
    assert made.token == claim.token


def test_the_rules_place_a_ticket_by_its_labels() -> None:
    made = decided(a_claim(), text="x", row=[0.9, 0.1], serving=serving(), now=NOW)
    assert made.decision.routing.primary == "orders"
    assert made.decision.routing.reason is Reason.RULE
    assert not made.rescore


def test_a_decision_of_a_lower_rung_waits_to_be_looked_at_again() -> None:
    low = serving(FakeScorer(rung=Rung.KEYWORDS))
    assert decided(a_claim(), text="x", row=[0.9, 0.1], serving=low, now=NOW).rescore


def test_a_ticket_without_text_goes_to_the_default_and_is_not_looked_at_again() -> None:
    low = serving(FakeScorer(rung=Rung.LINEAR))
    claim = a_claim(subject="", body="")
    made = decided(claim, text="", row=[], serving=low, now=NOW)
    assert made.decision.routing.reason is Reason.EMPTY_TEXT
    assert made.decision.routing.primary == "service-desk"
    assert not made.rescore


def test_a_quarantined_ticket_goes_to_manual_triage_with_its_error() -> None:
    made = quarantined(a_claim(), text="x", error="ended its worker", serving=serving())
    assert made.state is TicketState.QUARANTINED
    assert made.decision.routing.reason is Reason.MANUAL_TRIAGE
    assert made.error == "ended its worker"


def test_a_decision_that_cannot_be_stored_becomes_manual_triage_without_what_may_be_why() -> None:
    made = decided(a_claim(), text="x", row=[0.9, 0.2], serving=serving(), now=NOW)
    given_up = refused(made, "PostgreSQL: DataError")
    assert given_up.state is TicketState.QUARANTINED
    assert given_up.decision.routing.primary == made.decision.routing.primary
    assert given_up.decision.routing.reason is Reason.MANUAL_TRIAGE
    assert (given_up.decision.scores, given_up.decision.routing.trace) == ({}, [])
    assert given_up.error == "the database refuses its decision: PostgreSQL: DataError"


def _wanted(text: str, row: list[float], share: float = 0.0) -> Wanted | None:
    serves = serving()
    made = decided(a_claim(), text=text, row=row, serving=serves, now=NOW)
    plan = ReviewPlan(audit_share=share, due_s=60)
    return review_wanted(made.decision, serves.policy, plan)


def test_a_person_is_asked_where_the_decision_is_in_doubt_or_was_drawn() -> None:
    assert _wanted("x", [0.9, 0.1]) is None
    doubt, drawn = _wanted("x", [0.4, 0.1]), _wanted("x", [1.0, 0.0], share=1.0)
    assert doubt is not None
    assert drawn is not None
    assert (doubt.reasons, doubt.due_s) == ((ReviewReason.BELOW_THRESHOLD,), 60)
    assert doubt.uncertainty == pytest.approx(0.8)
    assert (drawn.reasons, drawn.uncertainty) == ((ReviewReason.AUDIT,), 0.0)
