"""`/rules/try`: rules tried on one ticket, with every rule and condition that was considered."""

from collections.abc import Mapping, Sequence
from typing import Annotated, Any

from fastapi import APIRouter, Form, Query
from sqlalchemy import Connection, Engine
from starlette.requests import Request
from starlette.responses import HTMLResponse

from core.errors import Invalid
from core.text import clean_text
from router.explain import no_prediction
from router.label_listing import served_thresholds
from store.engine import transaction
from store.queue import tickets
from store.rules import rulesets, taxonomy
from web.api.rules.schemas import TriedTicket, TryTicket
from web.api.rules.trial import tried_ticket
from web.console.labels.forms import shaped
from web.console.pages import Pages, Visit
from web.console.trying.forms import (
    Draft,
    TryForm,
    as_text,
    drafted,
    moment_of,
    scores_of,
    ticket_object,
)
from web.console.visits import visit_of
from web.problems import Problem

_MOST_TRACED = 200
_WHOLE_PAGE = {"hx-push-url": "/rules/try"}


def trying_routes(engine: Engine, pages: Pages) -> APIRouter:
    """The page, with a draft or without, and what comes of a try."""
    routes = APIRouter(include_in_schema=False, prefix="/rules/try")

    def shown(visit: Visit, draft: str, ticket: str) -> HTMLResponse:
        found = transaction(engine, _choices)
        return pages.page(visit, "trying/page.html", draft=draft, ticket=ticket, **found)

    @routes.get("")
    def page(request: Request, ticket: Annotated[str, Query(max_length=200)] = "") -> HTMLResponse:
        return shown(visit_of(request), "", ticket)

    @routes.post("")
    def with_draft(
        request: Request, draft: Draft, ticket: Annotated[str, Form(max_length=200)] = ""
    ) -> HTMLResponse:
        answer = shown(visit_of(request), as_text(draft), ticket)
        answer.headers.update(_WHOLE_PAGE)
        return answer

    @routes.post("/outcome")
    def outcome(request: Request, form: Annotated[TryForm, Form()]) -> HTMLResponse:
        visit = visit_of(request)
        try:
            tried = tried_ticket(engine, _asked(engine, form))
        except (Invalid, Problem) as error:
            return refused(pages, visit, error)
        return pages.page(visit, "trying/_outcome.html", **_told(tried))

    return routes


def refused(pages: Pages, visit: Visit, error: Invalid | Problem) -> HTMLResponse:
    """What is wrong with a form, where its outcome would stand."""
    if isinstance(error, Invalid):
        told = {"words": f"{error.field} {error.problem}", "fix": error.fix}
        return pages.page(visit, "trying/_refused.html", 422, **told)
    told = {"words": error.detail, "fix": error.more.get("fix", "")}
    return pages.page(visit, "trying/_refused.html", error.status_code, **told)


def _choices(connection: Connection) -> dict[str, Any]:
    return {
        "version": rulesets.active_version(connection),
        "labels": [label.name for label in taxonomy.labels(connection)],
    }


def _asked(engine: Engine, form: TryForm) -> TryTicket:
    """What the API would be asked.

    Raises:
        Invalid: a field is wrong, or there is no such ticket.
    """
    at = moment_of(form.at, "at")
    common = {"ruleset": drafted(form.draft), "at": at}
    if form.of == "stored":
        reference = clean_text(form.ticket.strip()).text
        found = transaction(engine, lambda c: tickets.find(c, reference)) if reference else None
        if found is None:
            raise Invalid("ticket", "is none that is stored", "give its id here or at its sender")
        return shaped(TryTicket, ticket_id=found, **common)
    scores = scores_of(form)
    cuts = transaction(engine, served_thresholds)
    thresholds = {label: cuts[label] for label in scores if label in cuts}
    return shaped(
        TryTicket, ticket=ticket_object(form), scores=scores, thresholds=thresholds, **common
    )


def _told(tried: TriedTicket) -> dict[str, Any]:
    routing, stored = tried.routing, tried.stored
    trace, left_out = _shortened(routing.trace)
    return {
        "routing": routing,
        "unplaced": no_prediction(routing.reason),
        "stored": stored,
        "lines": [_line(name, tried) for name in tried.differences] if stored else [],
        "decision": {"trace": trace},
        "held": [each for each in trace if each["held"]],
        "considered": len(routing.trace),
        "left_out": left_out,
    }


def _line(name: str, tried: TriedTicket) -> tuple[str, str, str]:
    """What differs: its name, as it stands, as it would be."""
    stands, would_be = getattr(tried.stored, name), getattr(tried.routing, name)
    return name, _words(stands), _words(would_be)


def _words(value: object) -> str:
    return ", ".join(value) if isinstance(value, list) else str(value or "")


def _shortened(trace: Sequence[Mapping[str, Any]]) -> tuple[list[Mapping[str, Any]], int]:
    """The rules that held and the first of the others, in order, and how many are left out."""
    room = max(0, _MOST_TRACED - sum(each["held"] for each in trace))
    kept: list[Mapping[str, Any]] = []
    for each in trace:
        if not each["held"] and not room:
            continue
        room -= not each["held"]
        kept.append(each)
    return kept, len(trace) - len(kept)
