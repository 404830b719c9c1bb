"""The door for rulesets: what is refused, where, and with what advice."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.errors import Invalid
from router.conditions import DAY_MINUTES, FieldIs, HoursWithin, ScoreWithin
from router.parse import MAX_DEPTH, parse_ruleset


def document(**rule: Any) -> dict[str, Any]:
    complete = {"id": "a", "order": 1, "then": {"primary": "billing"}, **rule}
    return {"default_department": "desk", "rules": [complete]}


def nested(depth: int) -> dict[str, Any]:
    condition: dict[str, Any] = {"label": "refund"}
    for _ in range(depth):
        condition = {"all": [condition]}
    return condition


def hours(**fields: str) -> dict[str, Any]:
    return {"hours": {"zone": "UTC", **fields}}


def test_rules_may_be_left_out() -> None:
    assert parse_ruleset({"default_department": "desk"}).rules == ()


def test_one_value_may_be_given_without_a_list_and_repeats_are_dropped() -> None:
    rule = parse_ruleset(document(when={"channel": "web"})).rules[0]
    assert rule.when == FieldIs(field="channel", values=("web",))
    rule = parse_ruleset(document(when={"channel": ["web", "web ", "api"]})).rules[0]
    assert rule.when == FieldIs(field="channel", values=("web", "api"))


def test_a_whole_number_is_a_score() -> None:
    rule = parse_ruleset(document(when={"score": {"label": "x", "at_least": 1}})).rules[0]
    assert rule.when == ScoreWithin(label="x", at_least=1.0)


@pytest.mark.parametrize(("end", "minute"), [("24:00", DAY_MINUTES), ("00:00", DAY_MINUTES)])
def test_midnight_ends_a_day(end: str, minute: int) -> None:
    rule = parse_ruleset(document(when=hours(**{"from": "18:00", "to": end}))).rules[0]
    assert rule.when == HoursWithin(zone="UTC", start_minute=18 * 60, end_minute=minute)


def test_text_that_postgres_would_refuse_is_cleaned() -> None:
    rule = parse_ruleset(document(description="a\x00b \ud800")).rules[0]
    assert rule.description == "a\ufffdb \ufffd"


@pytest.mark.parametrize(
    ("raw", "field", "problem"),
    [
        (None, "ruleset", "is not an object"),
        ([], "ruleset", "is not an object"),
        ({}, "default_department", "is missing"),
        ({"default_department": "d", "rulez": []}, "rulez", "is not a known field"),
        ({"default_department": "d", "rules": {}}, "rules", "valid list"),
        (document(orders=1), "rules.0.orders", "is not a known field"),
        (document(order="1"), "rules.0.order", "valid integer"),
        (document(order=True), "rules.0.order", "valid integer"),
        (document(order=-1), "rules.0.order", "greater than or equal to 0"),
        (document(id="Not a slug"), "rules.0.id", "has the wrong form"),
        (document(enabled="yes"), "rules.0.enabled", "valid boolean"),
        (document(then={}), "rules.0.then", "names no department"),
        (document(then={"primary": " "}), "rules.0.then.primary", "is blank"),
        (document(then={"collaborators": []}), "rules.0.then.collaborators", "is empty"),
        (document(when={}), "rules.0.when", "holds 0 conditions"),
        (document(when={"label": "a", "channel": "b"}), "rules.0.when", "holds 2 conditions"),
        (document(when={"none": None}), "rules.0.when", "holds 0 conditions"),
        (document(when={"all": []}), "rules.0.when.all", "is empty"),
        (
            document(when={"all": [{"label": "a"}, {"labl": "b"}]}),
            "rules.0.when.all.1.labl",
            "is not a known field",
        ),
        (
            document(when={"score": {"label": "a"}}),
            "rules.0.when.score",
            "has neither at_least nor below",
        ),
        (
            document(when={"score": {"label": "a", "below": 1.5}}),
            "rules.0.when.score.below",
            "less than or equal to 1",
        ),
        (
            document(when={"score": {"label": "a", "at_least": float("nan")}}),
            "rules.0.when.score.at_least",
            "finite",
        ),
        (document(when={"channel": ["a", 7]}), "rules.0.when.channel.1", "valid string"),
        (
            document(when={"text": {"contains": "a", "in": "title"}}),
            "rules.0.when.text.in",
            "'subject', 'body' or 'any'",
        ),
        (document(when=hours(zone="Mars/Olympus")), "rules.0.when.hours.zone", "time zone"),
        (document(when=hours(zone="../../etc/hosts")), "rules.0.when.hours.zone", "time zone"),
        (document(when=hours(to="8:00")), "rules.0.when.hours.to", "has the wrong form"),
        (document(when=hours(to="00:00")), "rules.0.when.hours", "ends where it begins"),
        (document(when=hours(**{"from": "24:00"})), "rules.0.when.hours.from", "wrong form"),
        (document(when={"share": -0.1}), "rules.0.when.share", "greater than or equal to 0"),
        (document(when={"metadata": {"key": "a"}}), "rules.0.when.metadata", "is and exists"),
        (
            document(when={"metadata": {"key": "a", "is": "b", "exists": True}}),
            "rules.0.when.metadata",
            "is and exists",
        ),
        (document(effective_from="2026-01-01T00:00"), "rules.0.effective_from", "timezone"),
        (document(effective_from=1), "rules.0.effective_from", "is not a moment"),
        (document(effective_to="0001-01-01T00:00+14:00"), "rules.0.effective_to", "calendar"),
        (
            document(effective_from="2026-01-01T00:00Z", effective_to="2026-01-01T01:00+01:00"),
            "rules.0",
            "no time",
        ),
        (document(when=nested(400)), "rules.0.when.all.0", "is nested too deeply"),
    ],
)
def test_the_first_wrong_field_is_named_with_its_problem(
    raw: object, field: str, problem: str
) -> None:
    with pytest.raises(Invalid) as refused:
        parse_ruleset(raw)
    assert refused.value.field.startswith(field)
    assert problem in refused.value.problem
    assert refused.value.fix


def test_groups_may_be_nested_to_the_limit_and_no_deeper() -> None:
    assert parse_ruleset(document(when=nested(MAX_DEPTH)))
    with pytest.raises(Invalid, match="nested too deeply"):
        parse_ruleset(document(when=nested(MAX_DEPTH + 1)))


@pytest.mark.parametrize(
    ("second", "message"),
    [
        ({"id": "a", "order": 2}, "rules.1.id: a is that of rule a .rules.0. already"),
        ({"id": "b", "order": 1}, "rules.1.order: 1 is that of rule a .rules.0. .* rule b"),
    ],
)
def test_a_repeated_id_or_order_is_refused_naming_both_rules(
    second: dict[str, Any], message: str
) -> None:
    raw = document()
    raw["rules"].append({**second, "then": {"primary": "orders"}})
    with pytest.raises(Invalid, match=message):
        parse_ruleset(raw)


_json = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["all", "label", "score", "hours", "zone", "text", "x"]),
            inner,
            max_size=3,
        )
    ),
    max_leaves=10,
)


@given(_json)
def test_any_json_is_either_read_or_refused_as_invalid(when: object) -> None:
    try:
        parse_ruleset(document(when=when))
    except Invalid as refused:
        assert refused.field.startswith("rules.0.when")
