"""What a level lets a label do, and that the document behind a version gives the policy again."""

import json
from collections.abc import Mapping

import pytest
from hypothesis import given
from hypothesis import strategies as st

from classifier.scoring import Thresholds
from core.types import Automation, LabelLevel, Reason
from router.conditions import ScoreWithin
from router.policy import make_policy, parse_policy, policy_object
from tests.factories.rulesets import a_rule, a_ruleset, label, none_of, route
from tests.factories.values import a_ticket

_LABELS = ("crash", "invoice", "refund", "größe")
_HALF = dict.fromkeys(_LABELS, 0.5)
_SCORES = st.floats(0, 1)


@st.composite
def _levels(draw: st.DrawFn) -> LabelLevel:
    pair = sorted(draw(st.lists(_SCORES, min_size=2, max_size=2)))
    preselect, auto = draw(st.sampled_from([(None, None), (pair[0], pair[1])]))
    if auto is not None:
        preselect, auto = draw(
            st.sampled_from([(preselect, auto), (None, auto), (preselect, None)])
        )
    return LabelLevel(
        automation=draw(st.sampled_from(Automation)), preselect_from=preselect, auto_from=auto
    )


_thresholds = st.fixed_dictionaries(dict.fromkeys(_LABELS, _SCORES))
_some_levels = st.dictionaries(st.sampled_from(_LABELS), _levels())


@given(_thresholds, _some_levels)
def test_automation_never_begins_below_preselection(
    thresholds: Mapping[str, float], levels: Mapping[str, LabelLevel]
) -> None:
    for name, own in make_policy(thresholds, levels).by_label.items():
        level = levels.get(name, LabelLevel())
        assert own.preselect_from <= own.auto_from
        assert level.preselect_from in (None, own.preselect_from)
        assert level.auto_from in (None, own.auto_from)


@given(_thresholds, _some_levels)
def test_the_document_behind_a_version_gives_the_policy_again(
    thresholds: Mapping[str, float], levels: Mapping[str, LabelLevel]
) -> None:
    policy = make_policy(thresholds, levels)
    again = parse_policy(json.loads(json.dumps(policy_object(policy))))
    assert again == policy
    assert again.version == policy.version


@given(_thresholds, _some_levels, _thresholds)
def test_every_label_is_in_one_place_at_most_and_there_by_its_level(
    thresholds: Mapping[str, float],
    levels: Mapping[str, LabelLevel],
    scores: Mapping[str, float],
) -> None:
    policy = make_policy(thresholds, levels)
    routing = route(a_ruleset(), a_ticket(), scores, thresholds=thresholds, levels=levels)
    places = [*routing.labels, *routing.preselected, *routing.suggested]
    assert len(places) == len(set(places))
    for name, own in policy.by_label.items():
        score = scores[name]
        counts = own.automation is Automation.AUTO and score >= own.auto_from
        ticked = own.automation in (Automation.PRESELECT, Automation.AUTO)
        assert (name in routing.labels) == counts
        assert (name in routing.preselected) == (
            ticked and score >= own.preselect_from and not counts
        )
        if name in routing.suggested:
            assert own.automation is Automation.SUGGEST
            assert score >= own.preselect_from


def test_the_version_covers_numbers_and_levels_and_is_the_thresholds_own_without_them() -> None:
    thresholds = {"refund": 0.4, "crash": 0.7}
    plain = make_policy(thresholds)
    assert plain.version == Thresholds(by_label=thresholds).version
    changed = [
        LabelLevel(automation=Automation.SHADOW),
        LabelLevel(automation=Automation.SUGGEST),
        LabelLevel(preselect_from=0.2),
        LabelLevel(auto_from=0.9),
    ]
    versions = {make_policy(thresholds, {"refund": level}).version for level in changed}
    assert len(versions | {plain.version}) == 5


def _routed(level: LabelLevel, score: float) -> tuple[str, Reason]:
    book = a_ruleset(a_rule(10, label("refund")))
    routing = route(
        book,
        a_ticket(),
        {"refund": score},
        thresholds={"refund": 0.5},
        levels={"refund": level},
    )
    return routing.primary, routing.reason


@pytest.mark.parametrize(
    "automation", [Automation.SHADOW, Automation.SUGGEST, Automation.PRESELECT]
)
def test_a_label_below_level_auto_steers_nothing_and_the_reason_says_so(
    automation: Automation,
) -> None:
    level = LabelLevel(automation=automation)
    assert _routed(level, 0.9) == ("desk", Reason.EXCLUDED_LABEL)
    assert _routed(level, 0.4) == ("desk", Reason.BELOW_THRESHOLD)
    assert _routed(LabelLevel(), 0.9) == ("billing", Reason.RULE)


def test_a_score_that_a_person_set_decides_instead_of_the_models() -> None:
    assert _routed(LabelLevel(auto_from=0.95), 0.9) == ("desk", Reason.BELOW_THRESHOLD)
    assert _routed(LabelLevel(auto_from=0.2), 0.3) == ("billing", Reason.RULE)
    assert _routed(LabelLevel(preselect_from=0.95), 0.9) == ("desk", Reason.BELOW_THRESHOLD)


def test_to_rules_a_held_label_is_an_unknown_one() -> None:
    book = a_ruleset(
        a_rule(10, ScoreWithin(label="refund", at_least=0.1), primary="orders"),
        a_rule(20, ScoreWithin(label="refund", below=0.99), primary="orders"),
        a_rule(30, none_of(label("refund")), primary="security"),
    )
    level = LabelLevel(automation=Automation.PRESELECT)
    routing = route(book, a_ticket(), {"refund": 0.9}, levels={"refund": level}, thresholds=_HALF)
    assert (routing.primary, routing.rule) == ("security", "rule-30")
    assert routing.preselected == ("refund",)


def test_at_most_three_labels_are_suggested_and_the_likeliest_first() -> None:
    names = [f"label-{n}" for n in range(5)]
    scores = {name: 0.5 + n / 10 for n, name in enumerate(names)}
    suggest = LabelLevel(automation=Automation.SUGGEST)
    routing = route(
        a_ruleset(),
        a_ticket(),
        scores,
        thresholds=dict.fromkeys(names, 0.5),
        levels=dict.fromkeys(names, suggest),
    )
    assert routing.suggested == ("label-4", "label-3", "label-2")


def test_between_its_two_scores_a_label_on_auto_is_ticked_and_steers_nothing() -> None:
    level = LabelLevel(preselect_from=0.3, auto_from=0.8)
    book = a_ruleset(a_rule(10, label("refund")))
    found = {
        score: route(
            book, a_ticket(), {"refund": score}, thresholds=_HALF, levels={"refund": level}
        )
        for score in (0.2, 0.3, 0.79, 0.8)
    }
    assert [found[s].preselected for s in found] == [(), ("refund",), ("refund",), ()]
    assert [found[s].labels for s in found] == [(), (), (), ("refund",)]


def test_scores_of_labels_that_are_off_are_not_known_and_others_stay() -> None:
    policy = make_policy(_HALF, {"crash": LabelLevel(automation=Automation.OFF)})
    known = policy.known({"crash": 0.9, "refund": 0.2})
    assert known == {"refund": 0.2}


def test_hidden_is_what_a_level_kept_from_agents() -> None:
    levels = {name: LabelLevel(automation=Automation.SUGGEST) for name in "pqrs"}
    levels |= {"x": LabelLevel(automation=Automation.OFF)}
    levels |= {name: LabelLevel(automation=Automation.SHADOW) for name in "yz"}
    policy = make_policy(dict.fromkeys("apqrsxyz", 0.5), levels)
    scores = {"a": 0.9, "p": 0.9, "q": 0.8, "r": 0.7, "s": 0.6, "y": 0.5, "z": 0.49}
    assert policy.offered(scores) == ((), ("p", "q", "r"))
    assert policy.hidden(scores) == ("x", "y", "s")
    assert make_policy({"a": 0.5}).hidden({"a": 0.1}) == ()
