from router.changes import compare
from router.conditions import LabelPredicted
from router.ruleset import Rule, Ruleset


def _rule(id_: str, order: int, primary: str = "billing") -> Rule:
    return Rule(id=id_, order=order, when=LabelPredicted(label="refund"), primary=primary)


def _rules(*rules: Rule) -> Ruleset:
    return Ruleset(default_department="service-desk", rules=rules)


def test_a_change_names_what_is_new_different_and_gone() -> None:
    before = _rules(_rule("kept", 10), _rule("moved", 20), _rule("gone", 30))
    after = _rules(_rule("kept", 10), _rule("moved", 25), _rule("new", 30))
    change = compare(before, after)
    assert (change.added, change.changed, change.removed) == (("new",), ("moved",), ("gone",))
    assert any(line.startswith("-") and "gone" in line for line in change.diff)
    assert any(line.startswith("+") and "new" in line for line in change.diff)


def test_equal_rulesets_have_no_diff_in_whatever_order_they_were_written() -> None:
    one, two = _rule("one", 10), _rule("two", 20)
    assert compare(_rules(one, two), _rules(two, one)).diff == ()
