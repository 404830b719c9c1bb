"""Decisions: order, stop, defaults with their reasons, traces, and what holds for any ruleset."""

import json
import math
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.types import Reason, Routing, Rung, Ticket
from router.conditions import ScoreWithin
from router.decide import follow
from router.rulebook import compile_rulebook
from router.ruleset import Ruleset
from tests.factories.rulesets import (
    a_rule,
    a_ruleset,
    all_of,
    any_of,
    label,
    moments,
    none_of,
    route,
    rulesets,
    scores,
    thresholds,
    tickets,
)
from tests.factories.values import a_routing, a_ticket

TICKET = a_ticket()
REFUND = {"refund": 0.9}


def effects(routing: Routing) -> dict[str, str]:
    return {record["rule"]: record["effect"] for record in routing.trace}


def outcome(routing: Routing) -> Routing:
    return replace(routing, trace=[])


def test_the_first_rule_that_holds_names_the_primary() -> None:
    rules = a_ruleset(
        a_rule(30, label(), primary="orders"),
        a_rule(10, label("crash"), primary="software"),
        a_rule(20, label(), primary="billing"),
    )
    routing = route(rules, TICKET, REFUND)
    assert (routing.primary, routing.rule, routing.reason) == ("billing", "rule-20", Reason.RULE)
    assert effects(routing) == {"rule-20": "primary billing", "rule-30": "primary already set"}


def test_collaborators_add_up_in_order_without_repeats_and_without_the_primary() -> None:
    rules = a_ruleset(
        a_rule(10, primary=None, collaborators=("security", "billing")),
        a_rule(20, primary="billing", collaborators=("orders", "billing", "security")),
    )
    routing = route(rules, TICKET, {})
    assert (routing.primary, routing.collaborators) == ("billing", ("security", "orders"))
    assert effects(routing) == {
        "rule-10": "added security, added billing",
        "rule-20": "primary billing, added orders, billing is primary, security already added",
    }


def test_the_default_department_is_no_collaborator_of_its_own() -> None:
    routing = route(a_ruleset(a_rule(primary=None, collaborators=("desk",))), TICKET, REFUND)
    assert (routing.primary, routing.collaborators) == ("desk", ())


def test_nothing_is_considered_after_a_rule_that_holds_and_stops() -> None:
    rules = a_ruleset(
        a_rule(10, label("crash"), primary="software", stop=True),
        a_rule(20, collaborators=("security",), stop=True),
        a_rule(30, primary="billing"),
    )
    routing = route(compile_rulebook(rules).unindexed(), TICKET, REFUND)
    assert routing.primary == "desk"
    assert effects(routing) == {"rule-10": "", "rule-20": "added security, stopped"}


def test_a_disabled_rule_is_not_considered() -> None:
    rules = a_ruleset(a_rule(10, primary="orders", enabled=False), a_rule(20, primary="billing"))
    routing = route(rules, TICKET, REFUND)
    assert routing.primary == "billing"
    assert effects(routing) == {"rule-20": "primary billing"}


@pytest.mark.parametrize(
    ("ticket", "rung", "given_scores", "reason"),
    [
        (a_ticket(subject=" ", body="<p> </p>"), Rung.DEFAULT, {}, Reason.EMPTY_TEXT),
        (a_ticket(subject="", body=""), Rung.MODEL, REFUND, Reason.EMPTY_TEXT),
        (a_ticket(subject="", body="Refund?"), Rung.DEFAULT, {}, Reason.MODEL_UNAVAILABLE),
        (a_ticket(subject="Refund?", body=" "), Rung.LINEAR, REFUND, Reason.NO_RULE),
        (TICKET, Rung.DEFAULT, {}, Reason.MODEL_UNAVAILABLE),
        (TICKET, Rung.MODEL, {"refund": 0.4}, Reason.BELOW_THRESHOLD),
        (TICKET, Rung.KEYWORDS, {}, Reason.BELOW_THRESHOLD),
        (TICKET, Rung.LINEAR, REFUND, Reason.NO_RULE),
    ],
)
def test_the_default_department_takes_the_rest_and_says_why(
    ticket: Ticket, rung: Rung, given_scores: Mapping[str, float], reason: Reason
) -> None:
    routing = route(a_ruleset(a_rule(when=label("crash"))), ticket, given_scores, rung=rung)
    assert (routing.primary, routing.rule, routing.reason) == ("desk", None, reason)


def test_a_rule_is_the_reason_even_without_text_or_scores() -> None:
    routing = route(a_ruleset(a_rule()), a_ticket(subject="", body=""), {}, rung=Rung.DEFAULT)
    assert (routing.primary, routing.reason) == ("billing", Reason.RULE)


def test_labels_come_highest_score_first_and_equal_scores_by_name() -> None:
    given_scores = {"b": 0.7, "a": 0.7, "low": 0.3, "top": 0.9, "strict": 0.8, "nan": math.nan}
    routing = route(a_ruleset(), TICKET, given_scores, thresholds={"low": 0.3, "strict": 0.81})
    assert routing.labels == ("top", "a", "b", "low")


def test_the_trace_says_what_held_and_what_did_not() -> None:
    when = all_of(label(), any_of(label("crash"), none_of(label("invoice"))))
    routing = route(a_ruleset(a_rule(when=when)), TICKET, REFUND, thresholds={"refund": 0.6})

    def record(name: str, value: float | None, threshold: float, held: bool) -> dict[str, Any]:
        line = f"{name} is predicted"
        return {"condition": line, "value": value, "threshold": threshold, "held": held}

    assert routing.trace == [
        {
            "rule": "rule-10",
            "order": 10,
            "held": True,
            "conditions": [
                record("refund", 0.9, 0.6, True),
                {
                    "any": [
                        record("crash", None, 0.5, False),
                        {"none": [record("invoice", None, 0.5, False)], "held": True},
                    ],
                    "held": True,
                },
            ],
            "effect": "primary billing",
        }
    ]


def test_only_the_unindexed_form_traces_rules_that_could_not_hold() -> None:
    book = compile_rulebook(a_ruleset(a_rule(10, label("crash")), a_rule(20, label())))
    assert list(effects(route(book, TICKET, REFUND))) == ["rule-20"]
    assert list(effects(route(book.unindexed(), TICKET, REFUND))) == ["rule-10", "rule-20"]


def test_nan_is_never_over_a_bound_and_never_in_the_trace() -> None:
    when = any_of(label(), ScoreWithin(label="refund", at_least=0.0, below=1.0))
    routing = route(a_ruleset(a_rule(when=when)), TICKET, {"refund": math.nan})
    assert routing.reason is Reason.BELOW_THRESHOLD
    json.dumps(routing.trace, allow_nan=False)


@given(rulesets(), tickets, scores, thresholds, st.sampled_from(Rung), moments)
def test_every_ticket_gets_one_primary_that_is_no_collaborator_and_a_reason_that_fits(
    ruleset: Ruleset,
    ticket: Ticket,
    given_scores: Mapping[str, float],
    given_thresholds: Mapping[str, float],
    rung: Rung,
    now: datetime,
) -> None:
    book = compile_rulebook(ruleset)
    routing = route(book, ticket, given_scores, thresholds=given_thresholds, rung=rung, now=now)
    assert routing.primary
    assert routing.primary not in routing.collaborators
    assert len(set(routing.collaborators)) == len(routing.collaborators)
    assert (routing.rule is not None) == (routing.reason is Reason.RULE)
    assert routing.rule is not None or routing.primary == ruleset.default_department
    json.dumps(routing.trace, allow_nan=False)
    again = route(book, ticket, given_scores, thresholds=given_thresholds, rung=rung, now=now)
    assert again == routing


@given(rulesets(), tickets, scores, thresholds, moments)
def test_the_index_changes_nothing_but_the_rules_left_out_of_the_trace(
    ruleset: Ruleset,
    ticket: Ticket,
    given_scores: Mapping[str, float],
    given_thresholds: Mapping[str, float],
    now: datetime,
) -> None:
    book = compile_rulebook(ruleset)
    quick = route(book, ticket, given_scores, thresholds=given_thresholds, now=now)
    full = route(book.unindexed(), ticket, given_scores, thresholds=given_thresholds, now=now)
    assert outcome(quick) == outcome(full)
    assert [r for r in quick.trace if r["held"]] == [r for r in full.trace if r["held"]]


@given(rulesets(), tickets, scores, st.randoms())
def test_the_order_in_which_rules_are_stored_does_not_matter(
    ruleset: Ruleset, ticket: Ticket, given_scores: Mapping[str, float], chance: Any
) -> None:
    shuffled = list(ruleset.rules)
    chance.shuffle(shuffled)
    assert a_ruleset(*shuffled) == ruleset
    expected = route(ruleset, ticket, given_scores)
    assert route(a_ruleset(*shuffled), ticket, given_scores) == expected


@given(rulesets(), tickets, scores, st.lists(st.integers(1, 50), min_size=8, max_size=8))
def test_orders_matter_only_by_which_is_smaller(
    ruleset: Ruleset, ticket: Ticket, given_scores: Mapping[str, float], gaps: list[int]
) -> None:
    moved = [
        replace(rule, order=sum(gaps[: position + 1]))
        for position, rule in enumerate(ruleset.rules)
    ]
    expected = outcome(route(ruleset, ticket, given_scores))
    assert outcome(route(a_ruleset(*moved), ticket, given_scores)) == expected


def test_a_ticket_of_an_incident_goes_to_its_department_unless_rules_say_so_themselves() -> None:
    made = a_routing("billing", collaborators=("orders", "sales"))
    led = follow(made, "orders")
    assert (led.primary, led.collaborators, led.rule) == ("orders", ("sales",), None)
    assert (led.reason, led.labels, led.trace) == (Reason.INCIDENT, made.labels, made.trace)
    assert follow(made, "billing") is made
