"""`/v1/suggestions`: rules that people's corrections ask for, and labels that they exchange."""

from typing import Any
from uuid import UUID

from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy import Engine

from router.suggesting import Looking, suggestions_object
from store.engine import transaction
from web.problems import documented

_EXAMPLE: dict[str, Any] = {
    "looked_at": 1840,
    "ruleset_version": 12,
    "rules": [
        {
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
    overlaps: list[OverlappingLabels]


def suggestion_routes(engine: Engine, looking: Looking) -> APIRouter:
    """The door; `looking` bounds what it costs."""
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

    return routes
