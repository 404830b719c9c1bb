"""`/v1/rules`: the rules that decide now, and every way to change them."""

from typing import Annotated, Any

from fastapi import APIRouter, Query
from sqlalchemy import Connection, Engine
from starlette.responses import Response

from router.editing import revision_rules
from router.ruleset import ruleset_object
from store.engine import transaction
from store.rules import rulesets
from web.api.control.gate import Gate
from web.api.rules.doors import (
    OF_READING,
    OF_SAVING,
    By,
    RuleName,
    Saver,
    Version,
    must_stand,
)
from web.api.rules.past import past_routes
from web.api.rules.saving import in_sequence, read_rule, read_ruleset, with_rule, without_rule
from web.api.rules.schemas import (
    NewOrder,
    NewRule,
    NewRules,
    Note,
    Remark,
    Rules,
    SavedRules,
)
from web.api.rules.trial import trial_routes
from web.api.rules.yaml_files import yaml_routes
from web.etags import IfMatch, etag_of
from web.problems import Problem


def rule_routes(engine: Engine, gate: Gate, *, most: int) -> list[APIRouter]:
    """Every door of rules; backtests look at about `most` decisions."""
    saver = Saver(engine, gate)
    return [
        _standing_routes(engine),
        _saving_routes(saver),
        _single_routes(saver),
        yaml_routes(engine, saver),
        past_routes(engine),
        trial_routes(engine, most=most),
    ]


def _standing_routes(engine: Engine) -> APIRouter:
    routes = APIRouter(prefix="/v1/rules", tags=["rules"])

    @routes.get("", response_model=Rules, responses=OF_READING, summary="The rules that decide now")
    def show(response: Response) -> Rules:
        """Change `ruleset` and `PUT` it with the `ETag` of this answer as `If-Match`."""
        found = transaction(engine, _standing_rules)
        response.headers["etag"] = etag_of(found.version)
        return found

    return routes


def _standing_rules(connection: Connection) -> Rules:
    found = rulesets.active(connection)
    told = None if found is None else rulesets.told(connection, found.version)
    if found is None or told is None:
        raise Problem("not-found", "No rules were ever saved.")
    return Rules(
        version=found.version,
        author=told.author,
        note=told.note,
        created_at=told.created_at,
        ruleset=found.document,
    )


def _saving_routes(saver: Saver) -> APIRouter:
    routes = APIRouter(prefix="/v1/rules", tags=["rules"])

    @routes.put("", response_model=SavedRules, responses=OF_SAVING, summary="Save all rules")
    def put(body: NewRules, by: By, response: Response, if_match: IfMatch = None) -> SavedRules:
        """Every worker decides by them within seconds. Errors keep it from saving, warnings not."""
        wanted = ruleset_object(read_ruleset(body.ruleset))
        saved = saver(lambda _c, _s: wanted, if_match=if_match, note=body.note, by=by, yours=wanted)
        return _tagged(saved, response)

    @routes.post(
        "/order", response_model=SavedRules, responses=OF_SAVING, summary="Put rules in sequence"
    )
    def reorder(body: NewOrder, by: By, response: Response, if_match: IfMatch = None) -> SavedRules:
        """Gives every rule a new `order`, in steps of ten."""

        def build(_connection: Connection, standing: Any) -> dict[str, Any]:
            return in_sequence(must_stand(standing), body.rules)

        return _tagged(saver(build, if_match=if_match, note=body.note, by=by), response)

    @routes.post(
        "/revisions/{version}/restore",
        response_model=SavedRules,
        responses=OF_SAVING,
        summary="Let an older revision decide again",
    )
    def restore(
        version: Version, body: Remark, by: By, response: Response, if_match: IfMatch = None
    ) -> SavedRules:
        """As a new revision, so that nothing is lost; refused if names in it are gone."""

        def build(connection: Connection, _standing: Any) -> dict[str, Any]:
            if rulesets.told(connection, version) is None:
                raise Problem("not-found", f"There is no revision {version}.")
            return ruleset_object(revision_rules(connection, version))

        note = body.note or f"as in revision {version}"
        return _tagged(saver(build, if_match=if_match, note=note, by=by), response)

    return routes


def _single_routes(saver: Saver) -> APIRouter:
    routes = APIRouter(prefix="/v1/rules", tags=["rules"])

    @routes.put(
        "/{rule_id}", response_model=SavedRules, responses=OF_SAVING, summary="Save one rule"
    )
    def put_one(
        rule_id: RuleName, body: NewRule, by: By, response: Response, if_match: IfMatch = None
    ) -> SavedRules:
        """New, or in place of the one of its id."""
        rule = read_rule(body.rule, rule_id)

        def build(_connection: Connection, standing: Any) -> dict[str, Any]:
            return with_rule(must_stand(standing), rule)

        saved = saver(build, if_match=if_match, note=body.note, by=by)
        return _tagged(saved, response)

    @routes.delete(
        "/{rule_id}", response_model=SavedRules, responses=OF_SAVING, summary="Remove one rule"
    )
    def delete(
        rule_id: RuleName,
        by: By,
        response: Response,
        note: Annotated[Note, Query()] = "",
        if_match: IfMatch = None,
    ) -> SavedRules:
        """It stays in the revisions before."""

        def build(_connection: Connection, standing: Any) -> dict[str, Any]:
            return without_rule(must_stand(standing), rule_id)

        return _tagged(saver(build, if_match=if_match, note=note, by=by), response)

    return routes


def _tagged(saved: SavedRules, response: Response) -> SavedRules:
    response.headers["etag"] = etag_of(saved.version)
    return saved
