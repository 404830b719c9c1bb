"""`/v1/rules/lint`, dry-run and backtest: rules looked at and tried, without effect."""

import threading
from datetime import UTC, datetime, timedelta

from fastapi import APIRouter
from sqlalchemy import Connection, Engine

from core.errors import Invalid
from core.ticket_json import parse_ticket
from core.types import LabelLevel
from router.backtest import Proposal
from router.editing import findings_of, standing
from router.ruleset import Ruleset
from router.trying import Period, routing_object, try_on_history, try_on_scores, try_on_ticket
from store.engine import transaction
from store.rules import taxonomy
from web.api.rules.doors import OF_TRYING, must_stand
from web.api.rules.saving import read_ruleset
from web.api.rules.schemas import (
    Finding,
    Findings,
    MaybeRules,
    Routing,
    TriedHistory,
    TriedTicket,
    TryHistory,
    TryTicket,
)
from web.problems import Problem, documented

_free = threading.Lock()
"""Held while this process makes a backtest, which is work."""


def trial_routes(engine: Engine, *, most: int) -> APIRouter:
    """The three routes; a backtest looks at about `most` decisions."""
    routes = APIRouter(prefix="/v1/rules", tags=["rules"])

    @routes.post("/lint", response_model=Findings, responses=OF_TRYING, summary="Check rules")
    def lint(body: MaybeRules) -> Findings:
        """Errors keep rules from being saved, warnings are to be judged."""
        given = _given(body.ruleset)
        found = transaction(engine, lambda c: findings_of(c, given or _active(c)))
        return Findings(findings=[Finding.model_validate(each) for each in found])

    @routes.post(
        "/dry-run",
        response_model=TriedTicket,
        responses=OF_TRYING,
        summary="Try rules on one ticket",
    )
    def dry_run(body: TryTicket) -> TriedTicket:
        """By production's own function, with every rule and condition traced."""
        return tried_ticket(engine, body)

    @routes.post(
        "/backtest",
        response_model=TriedHistory,
        responses={**OF_TRYING, **documented("too-many-requests")},
        summary="Try rules and levels on what was decided",
    )
    def backtest(body: TryHistory) -> TriedHistory:
        """Who would have moved from where to where. One at a time in a process: it is work."""
        return tried_history(engine, body, most=most)

    return routes


def tried_ticket(engine: Engine, body: TryTicket) -> TriedTicket:
    """What rules make of one ticket.

    Raises:
        Invalid: a field is wrong.
        Problem: no decision on the ticket can be made again, or no rules were ever saved.
    """
    if (body.ticket_id is None) == (body.ticket is None):
        raise Invalid("ticket_id", "or ticket: exactly one is wanted", "give one of the two")
    given = _given(body.ruleset)
    return transaction(engine, lambda c: _tried(c, given or _active(c), body))


def tried_history(engine: Engine, body: TryHistory, *, most: int) -> TriedHistory:
    """What rules and levels would have changed in a period, looking at about `most` decisions.

    Raises:
        Invalid: a field is wrong.
        Problem: this process makes another one, or no rules were ever saved.
    """
    period, given = _period(body, most), _given(body.ruleset)
    levels = {name: LabelLevel(**level.model_dump()) for name, level in body.levels.items()}
    ruleset = given or transaction(engine, _active)
    proposal = Proposal(ruleset=ruleset, levels=levels)
    if not _free.acquire(blocking=False):
        detail = "This process makes another backtest."
        raise Problem("too-many-requests", detail, headers={"retry-after": "5"})
    try:
        found = transaction(engine, lambda c: try_on_history(c, proposal, period))
        return TriedHistory.model_validate(found)
    finally:
        _free.release()


def _given(ruleset: object) -> Ruleset | None:
    return None if ruleset is None else read_ruleset(ruleset)


def _active(connection: Connection) -> Ruleset:
    return must_stand(standing(connection)).ruleset


def _tried(connection: Connection, ruleset: Ruleset, body: TryTicket) -> TriedTicket:
    if body.ticket_id is not None:
        found = try_on_ticket(connection, ruleset, body.ticket_id, at=body.at)
        if found is None:
            detail = f"There is no decision on ticket {body.ticket_id} that can be made again."
            raise Problem("not-found", detail)
        return TriedTicket(
            routing=Routing(**routing_object(found.routing)),
            stored=Routing(**routing_object(found.made)),
            differences=list(found.differences),
        )
    routing = try_on_scores(
        ruleset,
        parse_ticket(body.ticket),
        body.scores,
        thresholds=body.thresholds,
        levels={label.name: label.level for label in taxonomy.labels(connection)},
        at=body.at,
    )
    return TriedTicket(routing=Routing(**routing_object(routing)), stored=None, differences=[])


def _period(body: TryHistory, most: int) -> Period:
    until = body.until or datetime.now(UTC)
    try:
        since = body.since or until - timedelta(days=body.days)
        earliest, latest = since.astimezone(UTC), until.astimezone(UTC)
    except OverflowError as error:
        raise Invalid("since", "is beyond the calendar", "give a later moment") from error
    if earliest >= latest:
        raise Invalid("since", "is not before the end", "give an earlier moment")
    return Period(since=earliest, until=latest, most=most)
