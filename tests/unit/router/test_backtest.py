from collections.abc import Mapping
from datetime import datetime

from hypothesis import given

from core.types import LabelLevel, Routing, Rung, Ticket
from router.backtest import Case, Load, Tally, again, differences
from router.decide import follow
from router.policy import make_policy
from router.rulebook import compile_rulebook
from router.ruleset import Ruleset
from tests.factories.rulesets import (
    MONDAY_NOON,
    a_rule,
    a_ruleset,
    label,
    moments,
    route,
    rulesets,
    scores,
    thresholds,
    tickets,
)
from tests.factories.values import a_routing, a_ticket


def _case(id_: str, made: Routing, human: str | None = None) -> Case:
    return Case(
        ticket=a_ticket(id_),
        scores={"refund": 0.6},
        rung=Rung.MODEL,
        policy=make_policy({"refund": 0.5}),
        decided_at=MONDAY_NOON,
        made=made,
        human=human,
    )


@given(rulesets(), tickets, scores, thresholds, moments)
def test_a_decision_made_again_is_equal_trace_and_all(
    ruleset: Ruleset,
    ticket: Ticket,
    given_scores: Mapping[str, float],
    cuts: Mapping[str, float],
    now: datetime,
) -> None:
    made = route(ruleset, ticket, given_scores, thresholds=cuts, now=now)
    case = Case(
        ticket=ticket,
        scores=given_scores,
        rung=Rung.MODEL,
        policy=make_policy(cuts),
        decided_at=now,
        made=made,
    )
    assert differences(made, again(case, compile_rulebook(ruleset))) == ()


def test_other_rules_and_other_levels_make_another_decision() -> None:
    book = compile_rulebook(a_ruleset(a_rule(10, label("refund"))))
    case = _case("t", a_routing("desk"))
    assert again(case, book).primary == "billing"
    assert again(case, book, {"refund": LabelLevel(auto_from=0.7)}).primary == "desk"


def test_a_ticket_that_followed_an_incident_follows_it_again() -> None:
    book = compile_rulebook(a_ruleset(a_rule(10, label("refund"))))
    led = follow(again(_case("t", a_routing("billing")), book), "orders")
    assert led.primary == "orders"
    assert differences(led, again(_case("t", led), book)) == ()


def test_differences_are_named() -> None:
    assert differences(a_routing("a"), a_routing("b", labels=())) == ("primary", "labels")


def test_a_tally_tells_who_moves_the_loads_and_how_often_people_agree() -> None:
    tally = Tally()
    tally.stays("billing", "billing")
    tally.stays("billing", None)
    for number in range(7):
        tally.add(_case(f"t-{number}", a_routing("desk"), "billing"), a_routing("billing"))
    tally.add(_case("u", a_routing("desk", labels=("a",))), a_routing("sales", labels=("b",)))
    found = tally.result(of=20, left_out=1)
    assert [(move.before, move.after, move.tickets) for move in found.moves] == [
        ("desk", "billing", 7),
        ("desk", "sales", 1),
    ]
    assert found.moves[0].samples == ("t-0", "t-1", "t-2", "t-3", "t-4")
    assert found.loads == {
        "billing": Load(before=2, after=9),
        "desk": Load(before=8, after=0),
        "sales": Load(before=0, after=1),
    }
    assert (found.of, found.tickets, found.left_out, found.redecided) == (20, 10, 1, 8)
    assert (found.judged, found.agreed_before, found.agreed_after) == (8, 1, 8)
    assert (found.gained, found.lost, found.moved) == ({"b": 1}, {"a": 1}, 8)
