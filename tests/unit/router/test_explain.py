import pytest

from core.types import Reason, Rung
from router.counterfactual import Alternative
from router.explain import change_words, no_prediction, rule_words, rung_words, why
from router.rulebook import compile_rulebook
from tests.factories.rulesets import a_rule, a_ruleset, all_of, label, none_of, route
from tests.factories.values import a_ticket


def test_a_rule_is_named() -> None:
    assert why("rule", "late-parcels") == "rule late-parcels"


@pytest.mark.parametrize("reason", [reason for reason in Reason if reason is not Reason.RULE])
def test_every_other_reason_has_words(reason: Reason) -> None:
    assert " " in why(reason, None)


@pytest.mark.parametrize("rung", list(Rung))
def test_every_rung_has_words(rung: Rung) -> None:
    assert rung_words(rung)


def test_words_of_a_newer_version_are_shown_as_they_are() -> None:
    assert why("moonlight", None) == "moonlight"
    assert rung_words("oracle") == "oracle"


def test_a_rule_of_a_trace_is_told_with_what_was_found() -> None:
    rules = a_ruleset(a_rule(10, all_of(label("refund"), none_of(label("crash"))), id="money"))
    held, missed = ({"refund": 0.9, "crash": 0.1}, {"refund": 0.2, "crash": 0.1})
    [told] = [rule_words(record) for record in route(rules, a_ticket(), held).trace]
    assert told == (
        "money held: ✓ refund is predicted (0.90, counts from 0.50); "
        "✓ none of (crash is predicted) → primary billing"
    )
    book = compile_rulebook(rules).unindexed()
    [told] = [rule_words(record) for record in route(book, a_ticket(), missed).trace]
    assert told.startswith("money did not hold: ✗ refund is predicted (0.20")


def test_every_kind_of_change_is_a_sentence() -> None:
    score = Alternative(kind="score", primary="desk", label="refund", score=0.55, needed=0.499999)
    assert change_words(score) == (
        "a score of refund down to 0.499999 instead of 0.55 leads to desk"
    )
    level = Alternative(kind="level", primary="desk", label="refund", score=0.9)
    assert change_words(level) == "refund on level auto leads to desk"
    off = Alternative(kind="rule_off", primary="desk", rule="money")
    assert change_words(off) == "without rule money it goes to desk"
    held = Alternative(kind="rule_held", primary="tech", rule="crashes", condition="x is y")
    assert change_words(held) == (
        "rule crashes fails at one condition (x is y); if that held, it goes to tech"
    )


def test_only_a_default_decision_has_a_reason_for_no_prediction() -> None:
    assert no_prediction("rule") is None
    assert no_prediction("below_threshold") == "no label was likely enough"
