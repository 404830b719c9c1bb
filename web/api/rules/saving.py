"""The one way in which rules change over HTTP: a whole ruleset in place of the one that stands."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy import Connection

from core.errors import Invalid
from core.types import ControlledArea
from router.editing import Edit, Standing, save_rules, standing
from router.lint import Finding as Found
from router.lint import Severity
from router.parse import parse_ruleset
from router.ruleset import Rule, Ruleset, ruleset_object
from store.rules import rulesets
from web.api.control.gate import Change as Controlled
from web.api.rules.schemas import Change, Finding, Note, PlannedRules, SavedRules
from web.etags import etag_of, must_match
from web.problems import Problem

_STEP = 10  # between the orders of rules that are put in sequence


class RulesToSave(BaseModel):
    """A ruleset, and the revision that it was made from: 0 where none stood."""

    model_config = ConfigDict(extra="forbid")

    base: Annotated[int, Field(ge=0)]
    ruleset: dict[str, Any]
    note: Note = ""


def save(connection: Connection, body: RulesToSave, by: str) -> SavedRules:
    """Lets a ruleset decide from now on.

    Raises:
        Invalid: a field is wrong.
        Problem: another revision stands by now, or the ruleset has errors.
    """
    wanted = read_ruleset(body.ruleset)
    rulesets.lock(connection)
    now = rulesets.active_version(connection) or 0
    if now != body.base:
        raise _overtaken(connection, body, now)
    edit = save_rules(connection, wanted, by=by, note=body.note)
    if edit.refused:
        raise refusal(edit.findings)
    return SavedRules(
        version=edit.version or now,
        saved=edit.version is not None,
        changes=Change.model_validate(edit.change),
        findings=[Finding.model_validate(finding) for finding in edit.findings],
    )


SAVE = Controlled(name="rules.save", area=ControlledArea.RULES, body=RulesToSave, make=save)


def planned(edit: Edit) -> PlannedRules:
    """What an edit would do, as it is answered."""
    return PlannedRules(
        refused=edit.refused,
        changes=Change.model_validate(edit.change),
        findings=[Finding.model_validate(finding) for finding in edit.findings],
    )


def read_ruleset(given: object, *, within: str = "ruleset") -> Ruleset:
    """The ruleset of a request.

    Raises:
        Invalid: the path of the field in the request's body, what is wrong and what to do.
    """
    try:
        return parse_ruleset(given)
    except Invalid as error:
        inner = "" if error.field == "ruleset" else f".{error.field}"
        raise Invalid(f"{within}{inner}", error.problem, error.fix) from error


def base_for(connection: Connection, if_match: str | None, yours: Any = None) -> Standing | None:
    """What stands, if the request was made on it; None before the first rules were saved.

    Raises:
        Problem: the header is missing, or something else stands.
    """
    found = standing(connection)
    current = None if found is None else _version_object(found)
    must_match(if_match, found.version if found else 0, current=current, yours=yours)
    return found


def read_rule(given: object, rule_id: str) -> Rule:
    """The rule of a request.

    Raises:
        Invalid: a field is wrong, or the id is not that of the path.
    """
    alone = {"default_department": "any", "rules": [given]}
    try:
        (rule,) = parse_ruleset(alone).rules
    except Invalid as error:
        field = error.field.replace("rules.0", "rule", 1)
        raise Invalid(field, error.problem, error.fix) from error
    if rule.id != rule_id:
        raise Invalid("rule.id", f"is not {rule_id}", "give the id of the path")
    return rule


def with_rule(standing: Standing, rule: Rule) -> dict[str, Any]:
    """The document with one rule new, or in place of the one of its id.

    Raises:
        Invalid: another rule has its order.
    """
    others = _others(standing.ruleset, rule.id)
    for other in others:
        if other.order == rule.order:
            raise Invalid("rule.order", f"{rule.order} is that of rule {other.id}", "give another")
    return ruleset_object(replace(standing.ruleset, rules=(*others, rule)))


def without_rule(standing: Standing, rule_id: str) -> dict[str, Any]:
    """The document without a rule.

    Raises:
        Problem: there is no such rule.
    """
    others = _others(standing.ruleset, rule_id)
    if len(others) == len(standing.ruleset.rules):
        raise Problem("not-found", f"There is no rule {rule_id}.")
    return ruleset_object(replace(standing.ruleset, rules=others))


def in_sequence(standing: Standing, ids: Sequence[str]) -> dict[str, Any]:
    """The document with its rules in another sequence.

    Raises:
        Invalid: the ids are not those of all rules, each once.
    """
    by_id = {rule.id: rule for rule in standing.ruleset.rules}
    if sorted(ids) != sorted(by_id):
        raise Invalid("rules", "does not name each rule once", "take the ids of `GET /v1/rules`")
    rules = [replace(by_id[id_], order=n * _STEP) for n, id_ in enumerate(ids, start=1)]
    return ruleset_object(replace(standing.ruleset, rules=tuple(rules)))


def refusal(findings: Sequence[Found]) -> Problem:
    """The problem of a ruleset that has errors: the first of them, and every finding."""
    first = next(finding for finding in findings if finding.severity is Severity.ERROR)
    where = f"rule {first.rule}" if first.rule else "ruleset"
    told = [Finding.model_validate(finding).model_dump() for finding in findings]
    return Problem(
        "invalid", f"{where}: {first.message}", field=where, fix=first.fix, findings=told
    )


def _overtaken(connection: Connection, body: RulesToSave, now: int) -> Problem:
    found = standing(connection)
    return Problem(
        "changed-meanwhile",
        f"Version {now} stands; the request was made on {body.base}.",
        headers={"etag": etag_of(now)},
        current=None if found is None else _version_object(found),
        yours=body.ruleset,
    )


def _version_object(found: Standing) -> dict[str, Any]:
    return {"version": found.version, "ruleset": ruleset_object(found.ruleset)}


def _others(ruleset: Ruleset, rule_id: str) -> tuple[Rule, ...]:
    return tuple(rule for rule in ruleset.rules if rule.id != rule_id)
