"""The index: which rules are looked at for a ticket, and that no rule that holds is missed."""

from collections.abc import Mapping
from datetime import datetime

from hypothesis import given
from hypothesis import strategies as st

from core.types import Ticket
from router.checks import compile_condition
from router.conditions import Condition, FieldIs, HoursWithin, ScoreWithin, TextContains
from router.facts import Facts
from router.index import build_index
from tests.factories.rulesets import (
    MONDAY_NOON,
    all_of,
    any_of,
    conditions,
    label,
    moments,
    none_of,
    scores,
    thresholds,
    tickets,
)
from tests.factories.values import a_ticket

EMAIL = FieldIs(field="channel", values=("email",))


def candidates(*given_conditions: Condition) -> list[int]:
    facts = Facts(
        scores={"refund": 0.9, "crash": 0.3},
        thresholds={},
        ticket=a_ticket(channel="email", customer="acme"),
        now=MONDAY_NOON,
    )
    return build_index(given_conditions).candidates(facts)


def test_rules_on_labels_that_were_not_predicted_are_skipped() -> None:
    assert candidates(label("crash"), label(), label("crash"), label()) == [1, 3]


def test_each_part_of_an_all_group_must_be_possible() -> None:
    other = FieldIs(field="customer", values=("zeta",))
    assert candidates(
        all_of(label(), other), all_of(label(), EMAIL), all_of(EMAIL, label("x"))
    ) == [1]


def test_an_any_group_is_skipped_when_none_of_its_branches_is_possible() -> None:
    branches = (all_of(label("crash"), EMAIL), label("invoice"))
    assert candidates(any_of(*branches), any_of(*branches, label())) == [1]


def test_an_any_group_with_a_branch_that_has_no_key_is_always_looked_at() -> None:
    assert candidates(any_of(label("crash"), TextContains(phrases=("x",)))) == [0]


def test_scores_are_looked_up_by_their_lower_bound() -> None:
    bounds = (0.2, 0.3, 0.31, 0.9, 0.0)
    rules = [ScoreWithin(label="crash", at_least=bound) for bound in bounds]
    assert candidates(*rules, ScoreWithin(label="unknown", at_least=0.0)) == [0, 1, 4]


def test_what_has_no_key_is_a_candidate_for_every_ticket() -> None:
    rules = (
        TextContains(phrases=("x",)),
        HoursWithin(zone="UTC"),
        none_of(label()),
        ScoreWithin(label="crash", below=0.1),
        FieldIs(field="customer", values=("zeta", "z*")),
        all_of(),
    )
    assert candidates(*rules) == [0, 1, 2, 3, 4, 5]


def test_both_zeros_are_the_same_bound() -> None:
    rules = [ScoreWithin(label="crash", at_least=bound) for bound in (0.0, -0.0)]
    assert candidates(*rules) == [0, 1]


@given(st.lists(conditions, max_size=8), tickets, scores, thresholds, moments)
def test_no_condition_that_holds_is_missed(
    drawn: list[Condition],
    ticket: Ticket,
    given_scores: Mapping[str, float],
    given_thresholds: Mapping[str, float],
    now: datetime,
) -> None:
    facts = Facts(scores=given_scores, thresholds=given_thresholds, ticket=ticket, now=now)
    found = build_index(drawn).candidates(facts)
    holding = [n for n, one in enumerate(drawn) if compile_condition(one, rule="r")(facts)["held"]]
    assert found == sorted(set(found))
    assert set(holding) <= set(found)
