from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from router.conditions import FieldIs, Group, LabelPredicted, TextContains
from router.parse import parse_ruleset
from router.ruleset import ruleset_object
from router.suggest import (
    Judged,
    Suggestion,
    matches,
    overlaps,
    pattern_words,
    rule_of,
    suggest,
    with_rule,
)
from tests.factories.rulesets import a_rule, a_ruleset, label, route
from tests.factories.values import a_ticket

_ROW = Judged(labels=("refund",), sent_to="billing", belongs="billing", channel="email")
_judged = st.builds(
    Judged,
    labels=st.lists(st.sampled_from(["refund", "crash", "login"]), unique=True).map(tuple),
    sent_to=st.sampled_from(["billing", "tech"]),
    belongs=st.sampled_from(["billing", "tech", "orders"]),
    channel=st.none() | st.sampled_from(["email", "chat"]),
    customer=st.none() | st.sampled_from(["acme", "a*"]),
    subject=st.sampled_from(["", "Invoice is wrong", "invoice2 crash"]),
)


def _moved(**changes: object) -> Judged:
    return replace(_ROW, belongs="orders", **changes)  # type: ignore[arg-type]


def _suggested(rows: list[Judged]) -> tuple[Suggestion, ...]:
    return suggest(rows, least_support=5, least_precision=0.8)


def test_a_pattern_that_many_corrections_share_becomes_a_rule() -> None:
    rows = [_moved(channel="chat")] * 9 + [_ROW] * 30
    [found] = _suggested(rows)
    assert found == Suggestion(
        department="orders",
        pattern=(("channel", "chat"),),
        support=9,
        judged=9,
        right=9,
        harmed=0,
    )
    assert pattern_words(found.pattern) == "channel is chat"


def test_a_pair_is_suggested_only_where_one_feature_is_not_enough() -> None:
    rows = [_moved(channel="chat")] * 9 + [replace(_ROW, labels=("crash",), channel="chat")] * 9
    [found] = _suggested([*rows, *[_ROW] * 9])
    assert found.pattern == (("channel", "chat"), ("label", "refund"))
    assert found.precision == 1


def test_words_of_subjects_count_too() -> None:
    rows = [_moved(subject=f"Customs form {n}") for n in range(6)] + [_ROW] * 20
    [found] = _suggested(rows)
    assert found.pattern[0][0] == "word"


def test_too_few_or_too_mixed_corrections_suggest_nothing() -> None:
    assert _suggested([_moved(channel="chat")] * 4 + [_ROW] * 9) == ()
    mixed = [_moved(channel="chat")] * 6 + [replace(_ROW, channel="chat")] * 6
    assert _suggested(mixed) == ()
    assert _suggested([]) == ()


@given(st.lists(_judged, max_size=60), st.integers(1, 6), st.floats(0.1, 1))
def test_what_is_said_of_a_suggestion_is_true_of_the_tickets(
    rows: list[Judged], support: int, precision: float
) -> None:
    for found in suggest(rows, least_support=support, least_precision=precision):
        hit = [row for row in rows if matches(found, row)]
        right = [row for row in hit if row.belongs == found.department]
        assert found.judged == len(hit)
        assert found.right == len(right)
        assert found.support == sum(row.sent_to != row.belongs for row in right) >= support
        assert found.harmed == sum(row.sent_to == row.belongs != found.department for row in hit)
        assert found.precision >= precision


@given(st.lists(_judged, min_size=5, max_size=60), st.integers(0, 3))
def test_a_suggested_rule_is_accepted_and_takes_its_tickets(rows: list[Judged], first: int) -> None:
    rules = a_ruleset(a_rule(first, label("refund")), a_rule(first + 1, primary="tech"))
    for found in suggest(rows, least_support=2, least_precision=0.5):
        grown = with_rule(rules, rule_of(found, rules))
        assert parse_ruleset(ruleset_object(grown)) == grown
        for row in (row for row in rows if matches(found, row)):
            ticket = a_ticket(subject=row.subject, channel=row.channel, customer=row.customer)
            made = route(grown, ticket, dict.fromkeys(row.labels, 1.0))
            assert made.primary == found.department


def test_conditions_are_those_of_the_rule_language() -> None:
    rules = a_ruleset(a_rule(50), a_rule(60, id="suggested-1"))
    pattern = (("customer", "acme"), ("word", "invoice"))
    both = Suggestion(department="orders", pattern=pattern, support=5, judged=5, right=5, harmed=0)
    rule = rule_of(both, rules)
    assert (rule.id, rule.order) == ("suggested-2", 40)
    assert rule.when == Group(
        kind="all",
        conditions=(
            FieldIs(field="customer", values=("acme",)),
            TextContains(phrases=("invoice",), part="subject"),
        ),
    )
    one = replace(both, pattern=(("label", "refund"),))
    assert rule_of(one, rules).when == LabelPredicted(label="refund")


def test_labels_that_people_keep_exchanging_overlap() -> None:
    changes = [(("a", "b"), ("a", "c"))] * 3 + [(("c",), ("b",))] * 2 + [(("a",), ("d",))]
    [found] = overlaps(changes, least=2)
    assert (found.labels, found.corrections) == (("b", "c"), 5)
