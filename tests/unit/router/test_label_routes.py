from router.conditions import ScoreWithin
from router.label_routes import departments_by_label
from tests.factories.rulesets import a_rule, a_ruleset, any_of, label, none_of


def test_a_label_leads_to_the_departments_of_the_rules_that_it_helps_to_hold() -> None:
    ruleset = a_ruleset(
        a_rule(10, any_of(label("refund"), label("invoice")), primary="billing"),
        a_rule(20, label("refund"), primary="orders"),
        a_rule(30, ScoreWithin(label="crash", at_least=0.8), primary="security"),
        a_rule(40, none_of(label("crash")), primary="desk"),
        a_rule(50, label("crash"), collaborators=("desk",)),
        a_rule(60, label("crash"), primary="desk", enabled=False),
    )
    assert departments_by_label(ruleset) == {
        "refund": ("billing", "orders"),
        "invoice": ("billing",),
        "crash": ("security",),
    }
