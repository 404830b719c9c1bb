"""`/v1/thresholds`: from which score labels count, tried against what was measured, and saved."""

from typing import Annotated, Any

from fastapi import APIRouter, Depends
from sqlalchemy import Engine
from starlette.responses import Response

from store.access.api_tokens import Caller
from store.engine import transaction
from web.access import caller
from web.api.control.gate import Gate
from web.api.control.schemas import MAY_WAIT
from web.api.thresholds.changes import SAVE, previewed, told
from web.api.thresholds.schemas import LevelsChange, LevelsIn, Preview, Thresholds, Wish
from web.etags import IfMatch, etag_of
from web.problems import documented

_COMMON = ("unauthenticated", "forbidden", "invalid", "unavailable")


def threshold_routes(engine: Engine, gate: Gate) -> APIRouter:
    """The three doors."""
    routes = APIRouter(prefix="/v1/thresholds", tags=["labels"])

    @routes.get(
        "",
        response_model=Thresholds,
        responses=documented(*_COMMON),
        summary="What labels may do, from which score, and what that is worth",
    )
    def show(response: Response) -> Thresholds:
        """Scores that a person chose by the figures of an older model are marked `stale`."""
        found, version = transaction(engine, told)
        response.headers["etag"] = etag_of(version)
        return found

    @routes.post(
        "/preview",
        response_model=Preview,
        responses=documented(*_COMMON, "conflict", "too-large"),
        summary="The thresholds that reach a goal, with what they are worth",
    )
    def preview(body: Wish, response: Response) -> Preview:
        """Nothing is changed. Precision, recall and coverage are promised with 95 % confidence.

        A label that cannot keep a promise falls back to level `suggest`.
        """
        found, version = transaction(engine, lambda c: previewed(c, body))
        response.headers["etag"] = etag_of(version)
        return found

    @routes.put(
        "",
        response_model=Thresholds,
        responses=documented(*_COMMON, "changed-meanwhile", "match-needed", "too-large") | MAY_WAIT,
        summary="Save levels and scores of labels",
    )
    def save(
        by: Annotated[Caller, Depends(caller)],
        body: LevelsIn,
        response: Response,
        if_match: IfMatch = None,
    ) -> Any:
        """Labels that are not named stay as they are. Workers follow within seconds."""
        change = LevelsChange(labels=body.labels, measured_on=body.measured_on, made_on=if_match)
        found, version = gate.run(SAVE, change, by=by.name)
        response.headers["etag"] = etag_of(version)
        return found

    return routes
