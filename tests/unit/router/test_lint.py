"""Each finding on the smallest ruleset that has it, and silence where there is nothing to find."""

from collections.abc import Collection
from dataclasses import replace
from datetime import timedelta

from hypothesis import given

from router.conditions import ScoreWithin, ShareUnder
from router.lint import Finding, Severity, lint
from router.ruleset import Rule, Ruleset
from tests.factories.rulesets import (
    MONDAY_NOON,
    a_rule,
    a_ruleset,
    all_of,
    any_of,
    label,
    none_of,
    rulesets,
)

DEPARTMENTS = ("desk", "billing", "orders")


def found(
    *rules: Rule, default: str = "desk", labels: Collection[str] = ("refund",)
) -> list[Finding]:
    covering = a_rule(0, any_of(*map(label, labels)), primary=None, collaborators=("orders",))
    ruleset = a_ruleset(covering, *rules, default=default)
    return lint(ruleset, departments=DEPARTMENTS, labels=labels)


def codes(findings: list[Finding]) -> list[tuple[str, str | None]]:
    return [(finding.code, finding.rule) for finding in findings]


def test_a_sound_ruleset_has_no_findings() -> None:
    assert found(a_rule(10, label()), a_rule(20, primary="orders", stop=True)) == []


def test_a_default_department_that_does_not_exist_is_an_error() -> None:
    (finding,) = found(default="nowhere")
    assert (finding.code, finding.severity, finding.rule) == (
        "missing-default",
        Severity.ERROR,
        None,
    )
    assert "nowhere" in finding.message
    assert finding.fix


def test_departments_and_labels_that_do_not_exist_are_errors_in_disabled_rules_too() -> None:
    findings = found(
        a_rule(10, label("x"), primary="a", collaborators=("b", "billing"), enabled=False),
        a_rule(20, none_of(ScoreWithin(label="y", below=0.5), label("y"))),
    )
    assert codes(findings) == [
        ("dangling-department", "rule-10"),
        ("dangling-department", "rule-10"),
        ("dangling-label", "rule-10"),
        ("dangling-label", "rule-20"),
    ]
    assert {finding.severity for finding in findings} == {Severity.ERROR}


def test_a_label_that_no_enabled_rule_asks_for_is_a_warning() -> None:
    rules = a_ruleset(
        a_rule(10, none_of(label("a"))),
        a_rule(20, label("b"), enabled=False),
        a_rule(30, ScoreWithin(label="c", below=0.5)),
        a_rule(40, all_of(any_of(ScoreWithin(label="d", at_least=0.5), label("e")))),
    )
    findings = lint(rules, departments=DEPARTMENTS, labels=("a", "b", "c", "d", "e"))
    assert [finding.message.split()[1] for finding in findings] == ["a", "b", "c"]
    assert {finding.code for finding in findings} == {"unrouted-label"}


def test_rules_after_one_that_always_stops_are_unreachable() -> None:
    stopping = a_rule(20, collaborators=("orders",), stop=True)
    maybe = a_rule(10, label(), stop=True)
    findings = found(maybe, stopping, a_rule(30, primary="orders"))
    assert codes(findings) == [("unreachable", "rule-30")]
    assert "rule-20" in findings[0].message


def test_a_primary_after_one_that_is_always_set_is_overruled() -> None:
    helping = a_rule(30, label(), primary=None, collaborators=("orders",))
    findings = found(a_rule(10), a_rule(20, label(), primary="orders"), helping)
    assert codes(findings) == [("overruled-primary", "rule-20")]
    assert "rule-10" in findings[0].message


def test_a_label_both_wanted_and_forbidden_is_a_contradiction() -> None:
    findings = found(
        a_rule(10, all_of(all_of(label()), none_of(label(), label()))),
        a_rule(20, all_of(label(), any_of(none_of(label()), label()))),
    )
    assert codes(findings) == [("contradiction", "rule-10")]


def test_a_score_range_that_is_empty_is_a_contradiction() -> None:
    low = ScoreWithin(label="refund", below=0.5)
    high = ScoreWithin(label="refund", at_least=0.5)
    findings = found(
        a_rule(10, ScoreWithin(label="refund", at_least=0.5, below=0.5)),
        a_rule(20, all_of(low, high)),
        a_rule(30, any_of(low, high)),
        a_rule(40, ScoreWithin(label="refund", at_least=1.0)),
    )
    assert codes(findings) == [("contradiction", "rule-10"), ("contradiction", "rule-20")]


def test_the_same_conditions_with_the_same_primary_are_duplicates_in_any_order() -> None:
    one, other = label(), none_of(label("x"), label("y"))
    findings = found(
        a_rule(10, all_of(one, other)),
        a_rule(20, all_of(none_of(label("y"), label("x")), one)),
        a_rule(30, all_of(one, other), primary="orders"),
        a_rule(40, any_of(one, other)),
        labels=("refund", "x", "y"),
    )
    assert codes(findings) == [("duplicate", "rule-20")]
    assert "rule-10" in findings[0].message


def test_a_rule_whose_time_is_over_is_told_of_from_that_moment_on() -> None:
    ruleset = a_ruleset(a_rule(10, label(), effective_to=MONDAY_NOON))
    for now, expected in ((MONDAY_NOON, ["over"]), (MONDAY_NOON - timedelta(seconds=1), [])):
        findings = lint(ruleset, departments=DEPARTMENTS, labels=("refund",), now=now)
        assert [finding.code for finding in findings] == expected


def test_what_does_not_hold_always_is_in_nobodys_way() -> None:
    later = a_rule(30, label(), primary="orders")
    for first in (
        a_rule(10, stop=True, effective_from=MONDAY_NOON),
        a_rule(10, ShareUnder(share=1), stop=True),
    ):
        assert found(first, later) == []
    shared = a_rule(10, all_of(label(), ShareUnder(share=0.5)))
    assert found(shared, replace(shared, id="other", order=20)) == []
    timed = a_rule(10, label(), effective_to=MONDAY_NOON)
    assert found(timed, replace(timed, id="other", order=20, effective_to=None)) == []


@given(rulesets())
def test_any_ruleset_can_be_linted_and_names_only_its_own_rules(ruleset: Ruleset) -> None:
    findings = lint(ruleset, departments=DEPARTMENTS, labels=("refund", "other"))
    assert {finding.rule for finding in findings} <= {None, *(rule.id for rule in ruleset.rules)}


def test_a_rule_that_asks_for_a_label_below_level_auto_is_told_of() -> None:
    ruleset = a_ruleset(a_rule(10, label()), a_rule(20, none_of(label("crash"))))
    findings = lint(
        ruleset, departments=DEPARTMENTS, labels=("refund", "crash"), held=("crash", "refund")
    )
    held = [finding for finding in findings if finding.code == "held-label"]
    assert [finding.rule for finding in held] == ["rule-10", "rule-20"]
    assert all(finding.severity is Severity.WARNING for finding in held)
    assert "`pointsman labels level refund auto`" in held[0].fix
