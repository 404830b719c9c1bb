from hypothesis import given

from router.parse import parse_ruleset
from router.ruleset import Ruleset, ruleset_object
from tests.factories.rulesets import rulesets
from web.console.rules.form import added, document_of, filled_in, place_of_field, removed, typed


@given(ruleset=rulesets())
def test_a_rule_that_is_opened_and_taken_as_it_is_stays_the_same(ruleset: Ruleset) -> None:
    document = ruleset_object(ruleset)
    again = [document_of(filled_in(rule)) for rule in document["rules"]]
    assert parse_ruleset({**document, "rules": again}) == ruleset


def test_a_line_is_added_to_its_group_and_dropped_with_all_inside_it() -> None:
    form = filled_in({"id": "x", "order": 1, "when": {"label": "a"}, "then": {"primary": "b"}})
    form, group = added(form, "0", "none")
    form, inner = added(form, group, "share")
    assert (group, inner) == ("0.1", "0.1.0")
    assert document_of(form)["when"] == {"all": [{"label": "a"}, {"none": [{"share": ""}]}]}
    assert document_of(removed(form, group))["when"] == {"label": "a"}
    assert "when" not in document_of(removed(removed(form, group), "0.0"))


def test_a_refused_field_is_found_at_the_line_that_shows_it() -> None:
    when = {"all": [{"label": "a"}, {"any": [{"score": {"label": "b", "below": 2}}]}]}
    form = filled_in({"id": "x", "order": 1, "when": when, "then": {"primary": "b"}})
    assert place_of_field(form, "when.all.1.any.0.score.below") == ("0.1.0", "below")
    assert place_of_field(form, "when.all.1.any") == ("0.1", "any")
    assert place_of_field(form, "then.collaborators.0") == ("", "collaborators")
    assert place_of_field(form, "effective_from") == ("", "effective_from")
    alone = filled_in({"id": "x", "order": 1, "when": {"label": ""}, "then": {"primary": "b"}})
    assert place_of_field(alone, "when.label") == ("0.0", "label")


def test_a_forged_form_makes_no_line_without_a_group_around_it() -> None:
    lines = ["0 all", "0.0 label", "0.0.0 label", "7.1 label", "0.1 nonsense", "0.2", "0 label"]
    form = typed({"line": lines, "0.0:label": ["a"], "0.0.0:label": ["b"], "9.9:label": ["c"]})
    assert [line.place for line in form.root.inner] == ["0.0", "0.1"]
    assert document_of(form)["when"] == {"all": [{"label": "a"}, {"all": []}]}
