"""`/rules/suggestions`: rules that corrections ask for, and drafts with one of them."""

import json
from collections.abc import Callable, Mapping
from typing import Annotated, Any, TypeAlias

from fastapi import APIRouter, Form
from sqlalchemy import Connection, Engine
from starlette.requests import Request
from starlette.responses import HTMLResponse

from core.errors import Invalid
from router.editing import findings_of, standing
from router.parse import parse_ruleset
from router.rules_yaml import dump_rules
from router.ruleset import Rule, Ruleset, ruleset_object
from router.suggest import with_rule
from router.suggesting import Looking, suggestions_object
from store.decided import records
from store.decided.records import DecidedTicket
from store.engine import transaction
from store.rules import declined_suggestions
from web.api.rules.doors import must_stand
from web.api.why.suggestions import SuggestionKey
from web.console.labels.answers import actor, may
from web.console.labels.shown import key_of
from web.console.pages import Pages
from web.console.visits import visit_of

_RuleText: TypeAlias = Annotated[str, Form(max_length=100_000)]
_EDITOR = "/rules/draft"


def suggestion_pages(engine: Engine, pages: Pages, looking: Looking) -> APIRouter:
    """The page, what was found, drafts and refusals; `looking` bounds what looking costs."""
    routes = APIRouter(include_in_schema=False, prefix="/rules/suggestions")

    @routes.get("")
    def page(request: Request) -> HTMLResponse:
        return pages.page(visit_of(request), "suggestions/page.html", looking=looking)

    @routes.get("/found")
    def found(request: Request) -> HTMLResponse:
        return _list(request, lambda c: None)

    @routes.post("/{key}/decline")
    def decline(request: Request, key: SuggestionKey) -> HTMLResponse:
        visit = visit_of(request)
        transaction(engine, lambda c: declined_suggestions.decline(c, key, by=actor(visit)))
        return pages.page(visit, "suggestions/_declined.html", key=key)

    @routes.post("/{key}/bring-back")
    def bring_back(request: Request, key: SuggestionKey) -> HTMLResponse:
        by = actor(visit_of(request))
        return _list(request, lambda c: declined_suggestions.bring_back(c, key, by=by))

    def _list(request: Request, first: Callable[[Connection], None]) -> HTMLResponse:
        def work(connection: Connection) -> dict[str, Any]:
            first(connection)
            return _found(connection, looking)

        visit = visit_of(request)
        may_edit = may(visit, "POST", "/rules/suggestions/{key}/decline")
        shown = transaction(engine, work)
        return pages.page(visit, "suggestions/_found.html", may_edit=may_edit, **shown)

    @routes.post("/draft")
    def draft(request: Request, rule: _RuleText) -> HTMLResponse:
        visit = visit_of(request)
        shown = transaction(engine, lambda c: _draft(c, rule))
        may_edit = may(visit, "POST", _EDITOR)
        return pages.page(visit, "suggestions/_draft.html", may_edit=may_edit, **shown)

    return routes


def _found(connection: Connection, looking: Looking) -> dict[str, Any]:
    found = suggestions_object(connection, looking)
    ids = [id_ for each in found["rules"] for id_ in each["samples"]]
    tickets = {str(each.id): each for each in records.decisions_of(connection, ids)}
    return {
        "looked_at": found["looked_at"],
        "declined": found["declined"],
        "version": found["ruleset_version"],
        "rules": [_shown(each, tickets) for each in found["rules"]],
        "overlaps": [
            [(name, key_of(name)) for name in each["labels"]] + [each["corrections"]]
            for each in found["overlaps"]
        ],
    }


def _shown(found: Mapping[str, Any], tickets: Mapping[str, DecidedTicket]) -> dict[str, Any]:
    """A suggestion with its rule as text and its samples as tickets."""
    rule = _read(found["rule"])
    alone = Ruleset(default_department=found["department"], rules=(rule,))
    return {
        **found,
        "text": json.dumps(found["rule"]),
        "yaml": dump_rules(alone).partition("rules:\n")[2],
        "tickets": [tickets[id_] for id_ in found["samples"] if id_ in tickets],
    }


def _draft(connection: Connection, text: str) -> dict[str, Any]:
    """The rules that decide now with one more, and what is wrong with them.

    Raises:
        Invalid: it is no rule.
        Problem: no rules were ever saved.
    """
    try:
        rule = _read(json.loads(text))
    except (ValueError, RecursionError) as error:
        raise Invalid("rule", "is no JSON", "reload the page") from error
    now = must_stand(standing(connection))
    drafted = with_rule(now.ruleset, rule)
    return {
        "rule": rule.id,
        "order": rule.order,
        "version": now.version,
        "draft": json.dumps(ruleset_object(drafted)),
        "findings": [
            each for each in findings_of(connection, drafted) if each.rule in (None, rule.id)
        ],
    }


def _read(document: object) -> Rule:
    (rule,) = parse_ruleset({"default_department": "any", "rules": [document]}).rules
    return rule
