"""`/v1/tickets/{id}/why` and `/replay`: what explains a decision, and the same made again."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from fastapi import APIRouter
from sqlalchemy import Engine
from starlette.concurrency import run_in_threadpool
from starlette.responses import Response

from core.errors import Invalid
from core.types import Rung
from router.replaying import Under, replay_object
from router.why import why_object
from store.decided.explanations import Explanation, ExplanationState, Scored, Subject, scored_by
from store.engine import transaction
from store.models import model_versions
from web.api.why.schemas import ReplayIn, ReplayOut, WhyOut
from web.api.why.waiting import asked
from web.problems import Problem, documented

_RETRY = {"retry-after": "1"}
_COMMON = ("unauthenticated", "forbidden", "not-found", "conflict", "invalid", "unavailable")


def why_routes(engine: Engine, *, wait_s: float, fresh_s: float) -> APIRouter:
    """The two doors; they wait for a worker up to `wait_s` seconds.

    An explanation that is older than `fresh_s` seconds is made again after new feedback.
    """
    routes = APIRouter(prefix="/v1/tickets", tags=["why"])

    @routes.get(
        "/{ticket_id}/why",
        response_model=WhyOut,
        responses=documented(*_COMMON),
        summary="Why a ticket went where it went",
    )
    async def why(ticket_id: UUID, response: Response) -> dict[str, Any]:
        """With `explanation.state` `asked` a worker has still to make it: ask again."""
        scored = await run_in_threadpool(_scored_by, engine, ticket_id)
        explanation = None
        if scored.subject is not None:
            explanation = await asked(engine, scored.subject, fresh_s=fresh_s, wait_s=wait_s)
        found = await run_in_threadpool(
            transaction, engine, lambda c: why_object(c, ticket_id, explanation)
        )
        if found is None:
            raise _undecided(ticket_id)
        if found["explanation"]["state"] == ExplanationState.ASKED:
            response.headers.update(_RETRY)
        return found

    @routes.post(
        "/{ticket_id}/replay",
        response_model=ReplayOut,
        responses=documented(*_COMMON, "too-large"),
        summary="Make a decision again, from its record or under something else",
    )
    async def replay(ticket_id: UUID, body: ReplayIn) -> dict[str, Any]:
        """Decides nothing. Another model's scores are a worker's work: `503` until it is done."""
        scored = await run_in_threadpool(_scored_by, engine, ticket_id)
        scores = None
        if body.model is not None:
            subject = Subject(
                ticket_id=ticket_id,
                revision=scored.revision,
                model_version=body.model,
                rung=Rung.MODEL,
            )
            await run_in_threadpool(_check_model, engine, body.model)
            scores = _scores(await asked(engine, subject, fresh_s=fresh_s, wait_s=wait_s))
        under = Under(ruleset=body.ruleset, thresholds=body.thresholds, scored=scores)
        found = await run_in_threadpool(
            transaction, engine, lambda c: replay_object(c, ticket_id, under)
        )
        if found is None:
            raise _undecided(ticket_id)
        return found

    return routes


def _scored_by(engine: Engine, ticket_id: UUID) -> Scored:
    found = transaction(engine, lambda c: scored_by(c, ticket_id))
    if found is None:
        raise Problem("not-found", f"There is no ticket {ticket_id}.")
    return found


def _check_model(engine: Engine, version: str) -> None:
    if transaction(engine, lambda c: model_versions.known(c, version)) is None:
        raise Invalid("model", "is no version that is registered", "see `GET /v1/models`")


def _scores(explanation: Explanation) -> Mapping[str, Any]:
    """What a worker made of the text with another version.

    Raises:
        Problem: it has not done so yet, or could not.
    """
    if explanation.result is not None:
        return explanation.result
    if explanation.state is ExplanationState.FAILED:
        raise Problem("conflict", f"That version cannot score it: {explanation.error}.")
    detail = "No worker has scored it with that version yet."
    raise Problem("unavailable", detail, headers=_RETRY)


def _undecided(ticket_id: UUID) -> Problem:
    return Problem("conflict", f"No decision stands on the ticket {ticket_id}.")
