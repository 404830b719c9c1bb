"""What an edit can touch: nothing that it changes may be missed."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime

from hypothesis import given
from hypothesis import strategies as st

from core.types import Automation, LabelLevel, Routing, Rung, Ticket
from router.conditions import TextContains
from router.decide import decide
from router.facts import keys_of
from router.policy import Policy, make_policy, relevelled
from router.reach import policy_reach, rule_reach
from router.rulebook import compile_rulebook
from router.ruleset import Ruleset
from tests.factories.rulesets import (
    a_rule,
    a_ruleset,
    label,
    moments,
    rulesets,
    scores,
    thresholds,
    tickets,
)
from tests.factories.values import a_ticket

_LABELS = ["refund", "invoice", "crash", "größe"]
_shares = st.none() | st.floats(0, 1)
levels = st.dictionaries(
    st.sampled_from(_LABELS),
    st.builds(
        LabelLevel,
        automation=st.sampled_from(list(Automation)),
        preselect_from=_shares,
        auto_from=_shares,
    ),
    max_size=3,
)


def _edited(before: Ruleset, other: Ruleset, keep: int) -> Ruleset:
    """Part of one ruleset and part of another, as an edit leaves most rules alone."""
    kept = before.rules[:keep]
    taken = {rule.order for rule in kept} | {rule.id for rule in kept}
    new = [rule for rule in other.rules if rule.order not in taken and rule.id not in taken]
    return replace(before, rules=(*kept, *new))


def _decide(
    ruleset: Ruleset,
    policy: Policy,
    ticket: Ticket,
    given_scores: Mapping[str, float],
    now: datetime,
) -> Routing:
    routing = decide(
        scores=policy.known(given_scores),
        policy=policy,
        rulebook=compile_rulebook(ruleset),
        ticket=ticket,
        rung=Rung.MODEL,
        now=now,
    )
    return replace(routing, trace=[])


@given(
    before=rulesets(),
    other=rulesets(),
    keep=st.integers(0, 5),
    other_default=st.booleans(),
    cuts=thresholds,
    old_levels=levels,
    languages=st.sampled_from([(), ("de",)]),
    new_levels=levels,
    ticket=tickets,
    given_scores=scores,
    now=moments,
)
def test_what_an_edit_cannot_touch_comes_out_the_same(
    *,
    before: Ruleset,
    other: Ruleset,
    keep: int,
    other_default: bool,
    cuts: Mapping[str, float],
    old_levels: Mapping[str, LabelLevel],
    languages: tuple[str, ...],
    new_levels: Mapping[str, LabelLevel],
    ticket: Ticket,
    given_scores: Mapping[str, float],
    now: datetime,
) -> None:
    after = _edited(before, other, keep)
    after = replace(after, default_department="orders") if other_default else after
    policy = make_policy(dict.fromkeys(_LABELS, 0.5) | dict(cuts), old_levels, languages)
    changed = relevelled(policy, new_levels)
    stored = policy.known(given_scores)
    made = _decide(before, policy, ticket, stored, now)
    reach = rule_reach(before, after)
    seen = stored if reach.index.steps else {}
    touched = policy_reach(policy, changed).touches(stored) or reach.touches(
        keys_of(made.labels, ticket), seen, made.rule
    )
    assert touched or _decide(after, changed, ticket, stored, now) == made


def test_an_edit_touches_only_tickets_for_which_a_changed_rule_could_hold() -> None:
    kept, edited = a_rule(10, label("crash")), a_rule(20, label("refund"))
    reach = rule_reach(a_ruleset(kept, edited), a_ruleset(kept, replace(edited, primary="orders")))
    ticket = a_ticket()
    assert reach.touches(keys_of(["refund"], ticket), {}, "rule-20")
    assert not reach.touches(keys_of(["crash"], ticket), {}, "rule-10")


def test_new_numbers_and_words_for_the_same_rules_touch_nothing() -> None:
    rules = [a_rule(10, label("crash")), a_rule(20, label("refund"))]
    renumbered = [replace(rule, order=rule.order + 5, description="now told") for rule in rules]
    reach = rule_reach(a_ruleset(*rules), a_ruleset(*renumbered))
    assert not reach.touches(keys_of(["refund", "crash"], a_ticket()), {}, None)


def test_rules_that_changed_places_are_an_edit() -> None:
    one, two = a_rule(10, label("crash")), a_rule(20, label("crash"), primary="orders")
    swapped = a_ruleset(replace(one, order=30), two)
    reach = rule_reach(a_ruleset(one, two), swapped)
    assert reach.touches(keys_of(["crash"], a_ticket()), {}, "rule-10")


def test_an_edit_of_a_rule_about_text_touches_every_ticket() -> None:
    reach = rule_reach(a_ruleset(), a_ruleset(a_rule(10, TextContains(phrases=("x",)))))
    assert reach.touches(keys_of([], a_ticket()), {}, None)


def test_another_default_touches_what_no_rule_took() -> None:
    reach = rule_reach(a_ruleset(), a_ruleset(default="orders"))
    assert reach.touches(set(), {}, None)
    assert not reach.touches(set(), {}, "rule-10")


def test_another_threshold_touches_the_scores_between_the_two() -> None:
    policy = make_policy({"refund": 0.5})
    reach = policy_reach(policy, relevelled(policy, {"refund": LabelLevel(auto_from=0.8)}))
    touched = [share for share in (0.4, 0.5, 0.79, 0.8) if reach.touches({"refund": share})]
    assert touched == [0.5, 0.79]
