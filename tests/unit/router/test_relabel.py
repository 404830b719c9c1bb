import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.errors import Invalid
from core.types import Ticket
from router.conditions import Condition, LabelPredicted, ScoreWithin
from router.relabel import relabelled, rules_naming
from router.ruleset import Ruleset
from tests.factories.rulesets import (
    a_rule,
    a_ruleset,
    all_of,
    any_of,
    label,
    none_of,
    route,
    rulesets,
    tickets,
)

_score = st.floats(0, 1)


def _when(*conditions: Condition) -> Ruleset:
    return a_ruleset(*(a_rule(n, when) for n, when in enumerate(conditions, 1)))


def _rewritten(when: Condition, **names: tuple[str, ...]) -> Condition | None:
    return relabelled(_when(when), names).rules[0].when


@given(rulesets(), tickets, _score, _score, st.floats(0, 1))
def test_rules_decide_alike_under_a_new_name(
    rules: Ruleset, ticket: Ticket, refund: float, crash: float, cut: float
) -> None:
    before = {"refund": refund, "crash": crash}
    after = {"money back": refund, "crash": crash}
    old = route(rules, ticket, before, thresholds={"refund": cut})
    renamed = relabelled(rules, {"refund": ("money back",)})
    new = route(renamed, ticket, after, thresholds={"money back": cut})
    assert (old.primary, old.collaborators, old.rule) == (new.primary, new.collaborators, new.rule)


@given(rulesets(), tickets, _score, _score, st.floats(0, 1))
def test_rules_about_a_split_label_hold_as_if_its_score_were_the_highest_of_its_heirs(
    rules: Ruleset, ticket: Ticket, first: float, second: float, cut: float
) -> None:
    cuts = dict.fromkeys(("refund", "cash", "voucher"), cut)
    old = route(rules, ticket, {"refund": max(first, second)}, thresholds=cuts)
    split = relabelled(rules, {"refund": ("cash", "voucher")})
    new = route(split, ticket, {"cash": first, "voucher": second}, thresholds=cuts)
    assert (old.primary, old.collaborators, old.rule) == (new.primary, new.collaborators, new.rule)


@given(rulesets())
def test_rules_that_name_no_changed_label_stay_as_they_are(rules: Ruleset) -> None:
    assert relabelled(rules, {"unheard of": ("a", "b")}) == rules
    assert rules_naming(rules, ["unheard of"]) == ()


def test_merged_labels_are_asked_for_once() -> None:
    assert _rewritten(any_of(label("a"), label("b")), a=("c",), b=("c",)) == any_of(label("c"))


def test_a_split_label_becomes_any_of_its_heirs_without_needless_nesting() -> None:
    both = (label("b"), label("c"))
    assert _rewritten(label("a"), a=("b", "c")) == any_of(*both)
    assert _rewritten(any_of(label("x"), label("a")), a=("b", "c")) == any_of(label("x"), *both)
    assert _rewritten(none_of(label("a")), a=("b", "c")) == none_of(*both)
    assert _rewritten(all_of(label("a")), a=("b", "c")) == all_of(any_of(*both))


def test_a_score_under_a_bound_is_asked_of_every_heir() -> None:
    low = ScoreWithin(label="a", below=0.4)
    assert _rewritten(low, a=("b", "c")) == all_of(
        ScoreWithin(label="b", below=0.4), ScoreWithin(label="c", below=0.4)
    )


def test_the_rules_that_name_a_label_are_listed_whether_on_or_off() -> None:
    rules = a_ruleset(
        a_rule(1, label("a")),
        a_rule(2, all_of(none_of(ScoreWithin(label="a", at_least=0.5))), enabled=False),
        a_rule(3, label("b")),
        a_rule(4),
    )
    assert rules_naming(rules, ["a"]) == ("rule-1", "rule-2")


def test_a_rule_that_would_be_nested_too_deeply_is_named() -> None:
    deep: Condition = LabelPredicted(label="a")
    for _ in range(8):
        deep = all_of(deep)
    with pytest.raises(Invalid, match="once labels have changed"):
        _rewritten(deep, a=("b", "c"))
    assert rules_naming(_when(deep), ["a"]) == ("rule-1",)
