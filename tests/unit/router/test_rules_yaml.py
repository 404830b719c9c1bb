"""YAML files: one fixed form, there and back again, and refusals that name the line."""

from pathlib import Path

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from core.errors import Invalid
from router.conditions import FieldIs
from router.lint import lint
from router.rules_yaml import MAX_BYTES, dump_rules, load_rules
from router.ruleset import Ruleset
from tests.factories.rulesets import a_rule, a_ruleset, all_of, label, rulesets

HEAD = "default_department: desk\nrules:\n"


def test_a_ruleset_is_written_in_one_fixed_form() -> None:
    urgent = FieldIs(field="priority", values=("urgent",))
    ruleset = a_ruleset(a_rule(20, all_of(label(), urgent), stop=True), a_rule(10))
    assert dump_rules(ruleset) == (
        "default_department: desk\n"
        "rules:\n"
        "- id: rule-10\n"
        "  order: 10\n"
        "  then: {primary: billing}\n"
        "- id: rule-20\n"
        "  order: 20\n"
        "  when:\n"
        "    all:\n"
        "    - {label: refund}\n"
        "    - {priority: urgent}\n"
        "  then: {primary: billing}\n"
        "  stop: true\n"
    )


@given(rulesets())
def test_what_was_written_is_read_back_as_it_was(ruleset: Ruleset) -> None:
    text = dump_rules(ruleset)
    assert load_rules(text) == ruleset
    assert load_rules(text.encode()) == ruleset
    assert dump_rules(load_rules(text)) == text


@given(st.text(min_size=1, max_size=20).filter(str.strip))
def test_any_name_survives_the_way_there_and_back(name: str) -> None:
    try:
        ruleset = load_rules(HEAD.replace("desk", '"' + name.replace('"', "") + 'x"') + "  []")
    except Invalid:
        return
    assert load_rules(dump_rules(ruleset)) == ruleset


def test_words_and_times_without_quotes_are_what_they_look_like() -> None:
    text = HEAD + (
        "  - id: a\n"
        "    order: 1\n"
        "    when:\n"
        "      all:\n"
        "        - language: no\n"
        "        - hours: {from: 8:00, to: 18:00, zone: UTC}\n"
        "    then: {primary: on}\n"
    )
    with pytest.raises(Invalid, match=r"line 8: rules\.0\.when\.all\.1\.hours\.from"):
        load_rules(text)
    rule = load_rules(text.replace(" 8:00", " 08:00")).rules[0]
    assert rule.primary == "on"
    assert FieldIs(field="language", values=("no",)) in getattr(rule.when, "conditions", ())


@pytest.mark.parametrize(
    ("text", "place", "problem"),
    [
        ("", "file", "is empty"),
        ("# nothing\n", "file", "is empty"),
        ("default_department: desk\nrules: a: b\n", "line 2", "not allowed"),
        ("default_department: 'desk\n\n", "line 3", "unexpected end"),
        (HEAD + "  - id: a\n    id: b\n", "line 4", "repeats id"),
        (HEAD + "  - &x\n    id: a\n", "line 3", "anchor or alias"),
        (HEAD + "  - *x\n", "line 3", "anchor or alias"),
        (HEAD + "  - !!python/object:os.system x\n", "line 3", "has a tag"),
        (HEAD + "  - [a]: b\n", "line 3", "key that is not a string"),
        (HEAD + "---\na: b\n", "line 3", "second document"),
        ("[" * 100_000, "line 1", "nested too deeply"),
        ("desk", "line 1: ruleset", "is not an object"),
        (HEAD + "  - id: a\n    order: 1\n", "line 3: rules.0.then", "is missing"),
        (HEAD + "  - id: a\n    order: x\n", "line 4: rules.0.order", "valid integer"),
        ("default_department: \x01", "file", "a character that YAML forbids"),
        ("default_department: \ud800", "file", "is not UTF-8"),
        (b"\xff\xfe", "file", "is not UTF-8"),
        ("#" * (MAX_BYTES + 1), "file", "bytes"),
    ],
)
def test_a_broken_file_is_refused_with_its_line(
    text: str | bytes, place: str, problem: str
) -> None:
    with pytest.raises(Invalid) as refused:
        load_rules(text)
    assert refused.value.field == place
    assert problem in refused.value.problem


def test_a_file_with_a_byte_order_mark_is_read() -> None:
    assert load_rules(b"\xef\xbb\xbfdefault_department: desk\n").default_department == "desk"


@given(st.text(alphabet="ab:-[]{}?!&*'\"#|>% \n\t,", max_size=60))
def test_any_text_is_either_read_or_refused_as_invalid(text: str) -> None:
    with pytest.raises(Invalid):
        load_rules(text)


def test_the_example_in_the_documentation_is_as_an_export_writes_it() -> None:
    page = (Path(__file__).parents[3] / "docs" / "rules.md").read_text(encoding="utf-8")
    example = page.split("```yaml\n")[1].split("```")[0]
    assert dump_rules(load_rules(example)) == example


def test_the_rules_of_the_demo_have_no_findings_and_survive_an_export(samples: Path) -> None:
    shop = yaml.safe_load((samples / "labels.yaml").read_text(encoding="utf-8"))
    ruleset = load_rules((samples / "rules.yaml").read_bytes())
    departments = {department["name"] for department in shop["departments"]}
    labels = {one["name"] for one in shop["labels"]}
    assert lint(ruleset, departments=departments, labels=labels) == []
    assert 20 <= len(ruleset.rules) <= 30
    assert load_rules(dump_rules(ruleset)) == ruleset
