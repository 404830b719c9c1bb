"""`/v1/suggestions`: rules that people's corrections ask for, and labels that they exchange."""

from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Path
from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy import Engine
from starlette.requests import Request

from router.suggesting import Looking, suggestions_object
from store.engine import transaction
from store.rules import declined_suggestions
from web.access import caller
from web.problems import documented

SuggestionKey = Annotated[str, Path(pattern="^[0-9a-f]{32}$")]
_EXAMPLE: dict[str, Any] = {
    "looked_at": 1840,
    "ruleset_version": 12,
    "rules": [
        {
            "key": "5b0c6b6f6a1f4e0f9d2c6f0b7a3e8d11",
            "department": "billing",
            "pattern": "label refund is predicted and channel is chat",
            "support": 14,
            "judged": 16,
            "right": 15,
            "precision": 0.9375,
            "harmed": 1,
            "rule": {
                "id": "suggested-1",
                "order": 5,
                "description": "People put 15 of 16 such tickets into billing.",
                "when": {"all": [{"channel": "chat"}, {"label": "refund"}]},
                "then": {"primary": "billing"},
            },
            "samples": ["0198c0de-1f2e-7a3b-8c4d-5e6f70819203"],
            "backtest": {
                "tickets": 16,
                "left_out": 0,
                "moved": 15,
                "agreed_before": 2,
                "agreed_after": 15,
                "moves": [{"before": "orders", "after": "billing", "tickets": 15}],
            },
        }
    ],
    "declined": 0,
    "overlaps": [{"labels": ["delivery", "express"], "corrections": 9}],
}


class SuggestedMove(BaseModel):
    """Judged tickets that the rule would have moved."""

    before: str
    after: str
    tickets: int


class SuggestedBacktest(BaseModel):
    """What the rule would have changed on judged tickets with its pattern, decided again."""

    tickets: int
    left_out: int
    moved: int
    agreed_before: int
    agreed_after: int
    moves: list[SuggestedMove]


class SuggestedRule(BaseModel):
    """A rule to put into the ruleset, and what speaks for it."""

    key: str = Field(description="the same for the same pattern and department")
    department: str
    pattern: str
    support: int = Field(description="corrections that it would have made needless")
    judged: int = Field(description="tickets with the pattern of which people gave their word")
    right: int = Field(description="of those, the ones that belong to its department")
    precision: float
    harmed: int = Field(description="of those, the ones that were right and would go astray")
    rule: dict[str, Any]
    samples: list[UUID] = Field(description="tickets of some of those corrections")
    backtest: SuggestedBacktest


class OverlappingLabels(BaseModel):
    """Two labels that corrections exchanged for one another."""

    labels: list[str]
    corrections: int


class Suggestions(BaseModel):
    """What feedback asks for; nothing of it is in effect."""

    model_config = ConfigDict(json_schema_extra={"example": _EXAMPLE})

    looked_at: int
    ruleset_version: int
    rules: list[SuggestedRule]
    declined: int = Field(description="that would be here, had nobody declined them")
    overlaps: list[OverlappingLabels]


def suggestion_routes(engine: Engine, looking: Looking) -> APIRouter:
    """The doors; `looking` bounds what looking costs."""
    routes = APIRouter(prefix="/v1/suggestions", tags=["rules"])

    @routes.get(
        "",
        response_model=Suggestions,
        responses=documented("unauthenticated", "forbidden", "unavailable"),
        summary="Rules that corrections ask for",
    )
    def suggestions() -> dict[str, Any]:
        """Each with a rule that is ready to be saved by `PUT /v1/rules`."""
        return transaction(engine, lambda c: suggestions_object(c, looking))

    @routes.put(
        "/{key}/declined",
        status_code=204,
        responses=documented("unauthenticated", "forbidden", "invalid", "unavailable"),
        summary="Decline a suggestion",
    )
    def decline(request: Request, key: SuggestionKey) -> None:
        """It is not made again, however many corrections ask for it."""
        by = caller(request).name
        transaction(engine, lambda c: declined_suggestions.decline(c, key, by=by))

    @routes.delete(
        "/{key}/declined",
        status_code=204,
        responses=documented("unauthenticated", "forbidden", "invalid", "unavailable"),
        summary="Let a suggestion be made again",
    )
    def bring_back(request: Request, key: SuggestionKey) -> None:
        """Nothing happens to one that was not declined."""
        by = caller(request).name
        transaction(engine, lambda c: declined_suggestions.bring_back(c, key, by=by))

    return routes
