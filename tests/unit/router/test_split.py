from router.split import split
from tests.factories.rulesets import a_rule, a_ruleset, all_of, label, none_of, route
from tests.factories.values import a_ticket

_RULES = a_ruleset(
    a_rule(10, label("refund")),
    a_rule(20, all_of(label("crash"), none_of(label("login"))), collaborators=("tech",)),
    a_rule(30, label("invoice"), collaborators=("books",)),
)
_CARRIED = {
    "refund": {(0, 9): 2.0, (10, 19): 0.3, (20, 29): 0.01},
    "crash": {(0, 9): -1.0, (10, 19): 1.5, (20, 29): 0.02},
}


def test_each_phrase_speaks_for_the_department_whose_label_it_carried_most() -> None:
    made = route(_RULES, a_ticket(), {"refund": 0.9, "crash": 0.8, "invoice": 0.1})
    parts = split(made, _RULES, _CARRIED)
    assert [(part.department, part.labels, part.phrases) for part in parts] == [
        ("billing", ("refund",), ((0, 9),)),
        ("tech", ("crash",), ((10, 19),)),
    ]


def test_a_ticket_for_one_department_is_not_split() -> None:
    made = route(_RULES, a_ticket(), {"refund": 0.9})
    assert split(made, _RULES, _CARRIED) == ()


def test_without_an_explanation_only_the_labels_are_told() -> None:
    made = route(_RULES, a_ticket(), {"refund": 0.9, "crash": 0.8})
    assert [part.phrases for part in split(made, _RULES, {})] == [(), ()]
