"""Who saved rules, when and why; what differs between revisions; letting one decide again."""

from typing import Annotated, Any

from fastapi import APIRouter, Form, Path, Query
from sqlalchemy import Connection, Engine
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

from router.editing import revision_rules
from router.ruleset import ruleset_object
from store.engine import one_moment, transaction
from store.rules import rulesets
from web.access import caller
from web.api.control.gate import Gate, Proposed
from web.api.rules.doors import Saver
from web.console.pages import Pages
from web.console.rules.edits import difference
from web.console.rules.routes import notice, offers, proposed
from web.console.visits import visit_of
from web.etags import etag_of
from web.problems import Problem

_PAGE = 50
_LARGEST = (1 << 63) - 1
_Version = Annotated[int, Path(ge=1, le=_LARGEST)]
_Asked = Annotated[int | None, Query(ge=1, le=_LARGEST)]


def rule_history_routes(engine: Engine, pages: Pages, gate: Gate) -> APIRouter:
    """`/rules/history`, and what restores a revision."""
    routes = APIRouter(include_in_schema=False)
    saver = Saver(engine, gate)

    @routes.get("/rules/history")
    def page(
        request: Request, older: _Asked = None, newer: _Asked = None, before: _Asked = None
    ) -> HTMLResponse:
        def work(connection: Connection) -> dict[str, Any]:
            one_moment(connection)
            return _listed(connection, before) | _compared(connection, older, newer)

        visit = visit_of(request)
        return pages.page(visit, "rules/history.html", **transaction(engine, work), **offers(visit))

    @routes.post("/rules/history/{version}/restore")
    def restore(
        request: Request,
        version: _Version,
        base: Annotated[int, Form(ge=0, le=_LARGEST)],
        note: Annotated[str, Form(max_length=1_000)] = "",
    ) -> Response:
        visit = visit_of(request)

        def build(connection: Connection, _standing: Any) -> dict[str, Any]:
            _must_be(connection, version)
            return ruleset_object(revision_rules(connection, version))

        why = note or f"as in revision {version}"
        try:
            saved = saver(build, if_match=etag_of(base), note=why, by=caller(request))
        except Proposed as waiting:
            return proposed(pages, visit, waiting.kept)
        except Problem as problem:
            if problem.name != "changed-meanwhile":
                raise
            now = transaction(engine, lambda c: _listed(c, None)["revisions"][0])
            return notice(pages, visit, "rules/_late.html", 412, by=now)
        parts: dict[str, Any] = {"restored": version, "saved": saved, "undo": base}
        answer = pages.page(visit, "rules/_restored.html", **parts)
        answer.headers["hx-trigger"] = "rules-saved"
        return answer

    return routes


def _listed(connection: Connection, before: int | None) -> dict[str, Any]:
    found = rulesets.history(connection, most=_PAGE + 1, before=before)
    revisions = found[:_PAGE]
    return {
        "revisions": revisions,
        "next_before": revisions[-1].version if len(found) > _PAGE else None,
        "active": rulesets.active_version(connection) or 0,
    }


def _compared(connection: Connection, older: int | None, newer: int | None) -> dict[str, Any]:
    """The difference that is asked for; without a question there is none."""
    if older is None or newer is None:
        return {"change": None, "older": older, "newer": newer}
    first, last = sorted((older, newer))
    for version in (first, last):
        _must_be(connection, version)
    change = difference(revision_rules(connection, first), revision_rules(connection, last))
    return {"change": change, "older": first, "newer": last}


def _must_be(connection: Connection, version: int) -> None:
    if rulesets.told(connection, version) is None:
        raise Problem("not-found", f"There is no revision {version}.")
