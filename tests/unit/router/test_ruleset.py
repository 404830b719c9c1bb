"""Rulesets as values and as the document that is stored."""

import json

from hypothesis import given

from router.conditions import FieldIs, HoursWithin, ScoreWithin, TextContains
from router.parse import parse_ruleset
from router.ruleset import Ruleset, condition_object, ruleset_object
from tests.factories.rulesets import a_rule, a_ruleset, label, none_of, rulesets


def test_rules_come_by_ascending_order_however_they_were_given() -> None:
    ruleset = a_ruleset(a_rule(30), a_rule(10, enabled=False), a_rule(20))
    assert [rule.order for rule in ruleset.rules] == [10, 20, 30]
    assert [rule.order for rule in ruleset.enabled] == [20, 30]


def test_the_document_leaves_defaults_out_and_keeps_one_order_of_keys() -> None:
    plain = a_rule(10)
    full = a_rule(
        20,
        none_of(label()),
        description="why",
        enabled=False,
        primary="billing",
        collaborators=("orders",),
        stop=True,
    )
    document = ruleset_object(a_ruleset(full, plain))
    assert document["default_department"] == "desk"
    first, second = document["rules"]
    assert first == {"id": "rule-10", "order": 10, "then": {"primary": "billing"}}
    assert list(second) == ["id", "order", "description", "enabled", "when", "then", "stop"]
    assert second["then"] == {"primary": "billing", "collaborators": ["orders"]}


def test_each_condition_is_written_as_it_is_read() -> None:
    assert condition_object(none_of(label())) == {"none": [{"label": "refund"}]}
    assert condition_object(ScoreWithin(label="x", below=0.5)) == {
        "score": {"label": "x", "below": 0.5}
    }
    assert condition_object(FieldIs(field="channel", values=("web",))) == {"channel": "web"}
    assert condition_object(TextContains(phrases=("a", "b"), part="body")) == {
        "text": {"contains": ["a", "b"], "in": "body"}
    }
    assert condition_object(TextContains(phrases=("a",))) == {"text": {"contains": "a"}}
    assert condition_object(HoursWithin(zone="UTC")) == {"hours": {"zone": "UTC"}}
    hours = HoursWithin(zone="UTC", days=("mon",), start_minute=480, end_minute=600)
    assert condition_object(hours) == {
        "hours": {"days": ["mon"], "from": "08:00", "to": "10:00", "zone": "UTC"}
    }


@given(rulesets())
def test_a_stored_document_is_read_back_as_it_was(ruleset: Ruleset) -> None:
    stored = json.dumps(ruleset_object(ruleset), allow_nan=False)
    assert parse_ruleset(json.loads(stored)) == ruleset
