"""`/v1/rules/revisions` and `/v1/rules/hits`: who changed rules, and what rules did."""

from datetime import UTC, datetime, timedelta
from typing import Annotated

from fastapi import APIRouter, Query
from sqlalchemy import Connection, Engine

from router.changes import compare
from router.parse import parse_ruleset
from router.ruleset import Ruleset
from store.engine import transaction
from store.figures import rule_hits
from store.rules import rulesets
from web.api.cursors import cursor_of_number, number_of
from web.api.rules.doors import OF_READING, Version
from web.api.rules.schemas import Change, Hits, Revision, RevisionLine, Revisions, RuleHits
from web.problems import Problem, documented

_Cursor = Annotated[
    str | None, Query(max_length=100, description="`next` of the page before; the first if absent")
]
_OF_LISTS = documented("unauthenticated", "forbidden", "invalid", "unavailable")


def past_routes(engine: Engine) -> APIRouter:
    """The three routes."""
    routes = APIRouter(prefix="/v1/rules", tags=["rules"])

    @routes.get(
        "/revisions",
        response_model=Revisions,
        responses=_OF_LISTS,
        summary="Who saved rules, when and why; newest first",
    )
    def revisions(
        cursor: _Cursor = None, limit: Annotated[int, Query(ge=1, le=200)] = 50
    ) -> Revisions:
        """Without the rules themselves."""
        before = None if cursor is None else number_of(cursor)
        found = transaction(engine, lambda c: rulesets.history(c, most=limit + 1, before=before))
        shown = found[:limit]
        return Revisions(
            revisions=[RevisionLine.model_validate(each) for each in shown],
            next=cursor_of_number(shown[-1].version) if len(found) > limit else None,
        )

    @routes.get(
        "/revisions/{version}",
        response_model=Revision,
        responses=OF_READING,
        summary="One revision, and what it changed",
    )
    def revision(version: Version) -> Revision:
        """The difference is to the revision before; for the first, to no rules at all."""
        return transaction(engine, lambda c: _revision(c, version))

    @routes.get(
        "/hits",
        response_model=Hits,
        responses=_OF_LISTS,
        summary="How often each rule held and decided",
    )
    def hits(days: Annotated[int, Query(ge=1, le=3_660)] = 30) -> Hits:
        """Of standing decisions on tickets that arrived in so many last days.

        A rule that is not there never held.
        """
        now = datetime.now(UTC)
        since = now - timedelta(days=days)
        found = transaction(engine, lambda c: rule_hits.hits(c, since, now))
        return Hits(
            decisions=found.decisions,
            rules=[RuleHits.model_validate(each) for each in found.rules],
        )

    return routes


def _revision(connection: Connection, version: int) -> Revision:
    told = rulesets.told(connection, version)
    if told is None:
        raise Problem("not-found", f"There is no revision {version}.")
    document = rulesets.revision(connection, version).document
    ruleset, before = parse_ruleset(document), rulesets.previous(connection, version)
    was = (
        Ruleset(default_department=ruleset.default_department)
        if before is None
        else parse_ruleset(before.document)
    )
    return Revision(
        revision=RevisionLine.model_validate(told),
        ruleset=document,
        changes=Change.model_validate(compare(was, ruleset)),
    )
