"""Keys that rules are indexed by."""

from router.facts import Facts
from tests.factories.rulesets import MONDAY_NOON
from tests.factories.values import a_ticket


def test_keys_hold_predicted_labels_and_every_field_that_is_there() -> None:
    ticket = a_ticket(channel="Email", language="zh_Hant-TW", customer="ACME")
    facts = Facts(
        scores={"refund": 0.5, "crash": 0.4}, thresholds={}, ticket=ticket, now=MONDAY_NOON
    )
    assert facts.keys == {
        ("label", "refund"),
        ("channel", "email"),
        ("customer", "acme"),
        ("language", "zh"),
        ("language", "zh-hant"),
        ("language", "zh-hant-tw"),
    }
