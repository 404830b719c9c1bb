"""`/v1/review`: what waits for a person, taken, held, resolved or given back."""

from typing import Annotated

from fastapi import APIRouter, Depends, Path, Query
from sqlalchemy import Engine

from store.access.api_tokens import Caller
from store.engine import transaction
from store.feedback.review import ReviewFilter, ReviewItem
from web.access import caller
from web.api.cursors import number_of
from web.api.review import work
from web.api.review.schemas import (
    Claim,
    Claimed,
    Renewal,
    ResolutionIn,
    Resolutions,
    Resolved,
    ResolvedItems,
    ReviewItemOut,
    ReviewPage,
    WantedItems,
)
from web.problems import documented

_ItemId = Annotated[int, Path(ge=1, le=(1 << 63) - 1)]
_Agent = Annotated[Caller, Depends(caller)]
_COMMON = ("unauthenticated", "forbidden", "invalid", "unavailable")
_OF_ONE = documented(*_COMMON, "not-found", "conflict", "too-large")


def review_routes(engine: Engine, *, lease_s: float) -> APIRouter:
    """The doors; a claim is held for `lease_s` seconds unless it says otherwise."""
    routes = APIRouter(prefix="/v1/review", tags=["review"])

    @routes.get(
        "",
        response_model=ReviewPage,
        responses=documented(*_COMMON),
        summary="What waits for a person, due first",
    )
    def list_(agent: _Agent, wanted: Annotated[WantedItems, Query()]) -> ReviewPage:
        """Items that others hold are among them; tickets themselves are under `/v1/tickets`."""
        fits = ReviewFilter(
            after=None if wanted.cursor is None else number_of(wanted.cursor),
            reason=wanted.reason,
            held_by=agent.name if wanted.mine else None,
        )
        return transaction(engine, lambda c: work.page_of(c, fits, wanted.limit))

    @routes.post(
        "/claim", response_model=Claimed, responses=_OF_ONE, summary="Take what comes next"
    )
    def claim(agent: _Agent, body: Claim) -> Claimed:
        """Nobody else gets it until it is resolved, released, or its lease is over."""
        held_s = body.lease_s or lease_s
        found = transaction(
            engine, lambda c: work.claimed(c, body, agent=agent.name, lease_s=held_s)
        )
        return Claimed.model_validate({"items": found}, from_attributes=True)

    @routes.post(
        "/resolve",
        response_model=ResolvedItems,
        responses=documented(*_COMMON, "too-large"),
        summary="Resolve several items, each with its own outcome",
    )
    def resolve_several(agent: _Agent, body: Resolutions) -> ResolvedItems:
        """Those that are refused carry their problem; the others are resolved."""
        found = transaction(
            engine, lambda c: [work.tried(c, one, agent=agent.name) for one in body.items]
        )
        resolved = sum(isinstance(one, Resolved) for one in found)
        return ResolvedItems(resolved=resolved, refused=len(found) - resolved, items=found)

    @routes.post(
        "/{item}/resolve",
        response_model=Resolved,
        responses=_OF_ONE,
        summary="Take an item out of the queue for good",
    )
    def resolve(agent: _Agent, item: _ItemId, body: ResolutionIn) -> Resolved:
        """Accepted, replaced by what is right, or skipped with nothing said about labels."""
        return transaction(engine, lambda c: work.resolved(c, item, body, agent=agent.name))

    @routes.post(
        "/{item}/release",
        response_model=ReviewItemOut,
        responses=_OF_ONE,
        summary="Give an item back",
    )
    def release(agent: _Agent, item: _ItemId) -> ReviewItem:
        """Others can take it at once."""
        return transaction(engine, lambda c: work.released(c, item, agent=agent.name))

    @routes.post(
        "/{item}/renew",
        response_model=ReviewItemOut,
        responses=_OF_ONE,
        summary="Hold an item for longer",
    )
    def renew(agent: _Agent, item: _ItemId, body: Renewal) -> ReviewItem:
        """From now on, for as long as it says."""
        held_s = body.lease_s or lease_s
        return transaction(
            engine, lambda c: work.renewed(c, item, agent=agent.name, lease_s=held_s)
        )

    return routes
