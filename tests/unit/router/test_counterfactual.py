from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime

from hypothesis import given

from core.types import Automation, LabelLevel, Rung, Ticket
from router.backtest import Case, again
from router.conditions import ScoreWithin
from router.counterfactual import Alternative, alternatives, cuts_of
from router.policy import make_policy
from router.rulebook import compile_rulebook
from router.ruleset import Ruleset
from tests.factories.rulesets import (
    MONDAY_NOON,
    a_rule,
    a_ruleset,
    all_of,
    label,
    moments,
    none_of,
    rulesets,
    scores,
    thresholds,
    tickets,
)
from tests.factories.values import a_routing, a_ticket

_CUTS = {"refund": 0.5, "crash": 0.6}


def _case(
    ruleset: Ruleset,
    given_scores: Mapping[str, float],
    cuts: Mapping[str, float] = _CUTS,
    levels: Mapping[str, LabelLevel] | None = None,
    ticket: Ticket | None = None,
    now: datetime = MONDAY_NOON,
) -> Case:
    case = Case(
        ticket=ticket or a_ticket(),
        scores=given_scores,
        rung=Rung.MODEL,
        policy=make_policy(cuts, levels),
        decided_at=now,
        made=a_routing(),
    )
    return replace(case, made=again(case, compile_rulebook(ruleset)))


def _applied(case: Case, ruleset: Ruleset, change: Alternative) -> str:
    match change.kind:
        case "score":
            assert change.label is not None
            assert change.needed is not None
            case = replace(case, scores={**case.scores, change.label: change.needed})
        case "level":
            assert change.label is not None
            cut = case.policy.auto_from[change.label]
            steers = {change.label: LabelLevel(automation=Automation.AUTO, auto_from=cut)}
            return again(case, compile_rulebook(ruleset), steers).primary
        case "rule_off":
            rest = tuple(rule for rule in ruleset.rules if rule.id != change.rule)
            ruleset = replace(ruleset, rules=rest)
        case "rule_held":
            rules = [
                replace(rule, when=None) if rule.id == change.rule else rule
                for rule in ruleset.rules
            ]
            ruleset = replace(ruleset, rules=tuple(rules))
    return again(case, compile_rulebook(ruleset)).primary


@given(rulesets(), tickets, scores, thresholds, moments)
def test_every_alternative_leads_where_it_says_and_that_is_elsewhere(
    ruleset: Ruleset,
    ticket: Ticket,
    given_scores: Mapping[str, float],
    cuts: Mapping[str, float],
    now: datetime,
) -> None:
    levels = {"crash": LabelLevel(automation=Automation.SUGGEST)}
    case = _case(ruleset, given_scores, cuts, levels, ticket, now)
    for change in alternatives(case, ruleset):
        assert change.primary != case.made.primary
        assert _applied(case, ruleset, change) == change.primary


@given(rulesets(), tickets, scores, thresholds)
def test_no_smaller_move_of_one_score_would_have_been_enough(
    ruleset: Ruleset, ticket: Ticket, given_scores: Mapping[str, float], cuts: Mapping[str, float]
) -> None:
    case = _case(ruleset, given_scores, cuts, ticket=ticket)
    found = [change for change in alternatives(case, ruleset) if change.kind == "score"]
    nearest = found[0].distance if found else float("inf")
    book, bounds = compile_rulebook(ruleset), cuts_of(ruleset, case.policy.auto_from)
    for name, score in given_scores.items():
        for cut in (0.0, 0.25, 0.5, 0.75, 1.0, *bounds.get(name, ())):
            if abs(cut - score) < nearest - 2e-6:
                tried = replace(case, scores={**given_scores, name: cut})
                assert again(tried, book).primary == case.made.primary


def test_the_nearest_score_comes_first_and_then_levels_and_rules() -> None:
    ruleset = a_ruleset(
        a_rule(10, label("refund"), id="money"),
        a_rule(20, label("crash"), id="tech", primary="tech"),
        a_rule(30, ScoreWithin(label="crash", at_least=0.3), id="maybe", primary="triage"),
        a_rule(40, label("login"), id="door", primary="accounts"),
    )
    levels = {"login": LabelLevel(automation=Automation.SUGGEST)}
    case = _case(
        ruleset,
        {"refund": 0.55, "crash": 0.2, "login": 0.9},
        {**_CUTS, "login": 0.5},
        levels,
    )
    first, *others = alternatives(case, ruleset)
    assert (first.kind, first.label, first.needed, first.primary) == (
        "score",
        "refund",
        0.499999,
        "desk",
    )
    assert {(each.kind, each.rule, each.primary) for each in others} == {
        ("rule_off", "money", "desk")
    }
    without = _case(
        ruleset, {"refund": 0.1, "crash": 0.2, "login": 0.9}, {**_CUTS, "login": 0.5}, levels
    )
    told = {
        (each.kind, each.label or each.rule, each.primary)
        for each in alternatives(without, ruleset)
    }
    assert ("score", "crash", "triage") in told
    assert ("level", "login", "accounts") in told
    assert ("rule_held", "tech", "tech") in told


def test_what_stands_in_the_way_of_a_rule_is_said_in_words() -> None:
    ruleset = a_ruleset(a_rule(10, all_of(label("refund"), none_of(label("crash")))))
    case = _case(ruleset, {"refund": 0.9, "crash": 0.9})
    [rule] = [each for each in alternatives(case, ruleset) if each.kind == "rule_held"]
    assert rule.condition == "none of (crash is predicted)"
