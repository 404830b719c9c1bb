"""What the editor of one rule does with each button: it gives the form back, or a new draft."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from core.errors import Invalid
from router.editing import Standing
from router.parse import parse_ruleset
from router.ruleset import Rule, Ruleset, ruleset_object
from web.api.rules.saving import read_rule, with_rule
from web.console.rules.bench import Sent
from web.console.rules.edits import next_order, without
from web.console.rules.form import (
    RuleForm,
    added,
    document_of,
    filled_in,
    place_of_field,
    removed,
    typed,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Wrong:
    """What the door of rules refused, at the field of the form where it stands.

    Attributes:
        place: of the condition's line; empty for what is no condition.
        name: of the field in it; empty for all of it.
    """

    place: str
    name: str
    problem: str
    fix: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Editor:
    """The open editor; `focus` is the place of the line that has just come."""

    form: RuleForm
    focus: str = ""
    wrong: Wrong | None = None


def opened(draft: Ruleset, rule_id: str, *, as_copy: bool = False) -> Editor:
    """The editor of a rule, of a copy of it, or of a new one where there is no such rule."""
    order = str(next_order(draft))
    rule = next((rule for rule in draft.rules if rule.id == rule_id), None)
    if rule is None:
        return Editor(form=RuleForm(order=order))
    (document,) = ruleset_object(replace(draft, rules=(rule,)))["rules"]
    form = filled_in(document)
    return Editor(form=replace(form, was="", id="", order=order) if as_copy else form)


def pressed(sent: Sent) -> Editor:
    """The editor after `add` or `drop` of a line."""
    form = typed(sent.fields)
    verb, _, place = sent.one("do").partition(" ")
    if verb == "drop":
        return Editor(form=removed(form, place), focus=place.rpartition(".")[0])
    grown, focus = added(form, place, sent.one(f"{place}:new"))
    return Editor(form=grown, focus=focus)


def taken(draft: Ruleset, sent: Sent) -> Ruleset | Editor:
    """The draft with the rule as it was typed, or the editor with what is wrong with it."""
    form = typed(sent.fields)
    others = without(draft, form.was)
    try:
        rule = _read(form, others.rules)
        document = with_rule(Standing(version=0, ruleset=others), rule)
    except Invalid as error:
        place, name = place_of_field(form, error.field.removeprefix("rule."))
        wrong = Wrong(place=place, name=name, problem=error.problem, fix=error.fix)
        return Editor(form=form, wrong=wrong, focus=place)
    return parse_ruleset(document)


def _read(form: RuleForm, others: Sequence[Rule]) -> Rule:
    rule = read_rule(document_of(form), form.id)
    if any(other.id == rule.id for other in others):
        raise Invalid("rule.id", f"{rule.id} is that of another rule", "give another")
    return rule
