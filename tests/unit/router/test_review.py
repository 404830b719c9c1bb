"""What a person should look at, and how unsure a decision is."""

from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.types import Decision, Reason, ReviewReason, Rung, Versions
from router.review import reasons, uncertainty
from tests.factories.values import a_routing

_SHARES = st.floats(0, 1)


def _decision(**routing: object) -> Decision:
    return Decision(
        ticket_id=UUID(int=7),
        revision=1,
        routing=a_routing(**routing),  # type: ignore[arg-type]
        scores={},
        rung=Rung.MODEL,
        versions=Versions(model="m", calibration="c", thresholds="t", ruleset=1),
        input_hash=b"",
    )


@pytest.mark.parametrize(
    "reason",
    [
        Reason.BELOW_THRESHOLD,
        Reason.EXCLUDED_LABEL,
        Reason.NO_RULE,
        Reason.UNSUPPORTED_LANGUAGE,
    ],
)
def test_a_doubtful_reason_is_one_for_a_person(reason: Reason) -> None:
    assert reasons(_decision(reason=reason), 0.0) == (ReviewReason(reason.value),)


@pytest.mark.parametrize("reason", [Reason.RULE, Reason.EMPTY_TEXT, Reason.MODEL_UNAVAILABLE])
def test_what_no_person_can_tell_better_is_left_alone(reason: Reason) -> None:
    assert reasons(_decision(reason=reason), 0.0) == ()


def test_labels_that_are_only_offered_want_a_person_and_those_beside_others_do_not() -> None:
    offered = _decision(labels=(), preselected=("refund",))
    assert reasons(offered, 0.0) == (ReviewReason.UNCONFIRMED_LABEL,)
    assert reasons(_decision(preselected=("refund",)), 0.0) == ()


def test_the_audit_takes_what_chance_drew_beside_every_other_reason() -> None:
    doubtful = _decision(reason=Reason.NO_RULE)
    assert reasons(doubtful, 1.0) == (ReviewReason.NO_RULE, ReviewReason.AUDIT)


@given(st.dictionaries(st.sampled_from("abcd"), st.tuples(_SHARES, _SHARES), min_size=1))
def test_uncertainty_is_a_share_and_one_on_a_threshold(
    drawn: dict[str, tuple[float, float]],
) -> None:
    scores = {label: score for label, (score, _) in drawn.items()}
    thresholds = {label: threshold for label, (_, threshold) in drawn.items()}
    routing = a_routing()
    assert 0.0 <= uncertainty(scores, thresholds, routing) <= 1.0
    assert uncertainty({**scores, "a": 0.4}, {**thresholds, "a": 0.4}, routing) == 1.0


def test_the_label_that_is_least_sure_decides() -> None:
    thresholds = {"refund": 0.8, "crash": 0.5}
    sure = uncertainty({"refund": 0.0, "crash": 1.0}, thresholds, a_routing())
    near = uncertainty({"refund": 0.6, "crash": 1.0}, thresholds, a_routing())
    nearer = uncertainty({"refund": 0.6, "crash": 0.55}, thresholds, a_routing())
    assert (sure, near, nearer) == pytest.approx((0.0, 0.75, 0.9))


def test_where_scores_say_nothing_nothing_is_less_sure() -> None:
    assert uncertainty({}, {}, a_routing()) == 1.0
    foreign = a_routing(reason=Reason.UNSUPPORTED_LANGUAGE)
    assert uncertainty({"refund": 0.0}, {"refund": 0.5}, foreign) == 1.0
