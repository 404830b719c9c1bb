"""Compiled rulesets: what is in them and what their two forms consider."""

from router.facts import Facts
from router.rulebook import Rulebook, compile_rulebook
from tests.factories.rulesets import MONDAY_NOON, a_rule, a_ruleset, all_of, any_of, label
from tests.factories.values import a_ticket

FACTS = Facts(scores={"refund": 0.9}, thresholds={}, ticket=a_ticket(), now=MONDAY_NOON)


def considered(book: Rulebook) -> list[str]:
    return [compiled.rule.id for compiled in book.candidates(FACTS)]


def test_only_enabled_rules_are_compiled_by_ascending_order() -> None:
    book = compile_rulebook(a_ruleset(a_rule(20), a_rule(30, enabled=False), a_rule(10)))
    assert [compiled.rule.order for compiled in book.rules] == [10, 20]
    assert book.default_department == "desk"


def test_the_indexed_form_leaves_out_what_cannot_hold() -> None:
    book = compile_rulebook(a_ruleset(a_rule(10, label("crash")), a_rule(20, label()), a_rule(30)))
    assert considered(book) == ["rule-20", "rule-30"]
    assert considered(book.unindexed()) == ["rule-10", "rule-20", "rule-30"]


def test_the_conditions_of_an_all_group_stand_side_by_side_in_the_record() -> None:
    whens = (None, label(), all_of(label(), label("crash")), any_of(label(), label("crash")))
    rules = a_ruleset(*(a_rule(order, when) for order, when in enumerate(whens)))
    examined = [compiled.examine(FACTS) for compiled in compile_rulebook(rules).rules]
    assert [held for held, _ in examined] == [True, True, False, True]
    assert [len(records) for _, records in examined] == [0, 1, 2, 1]
