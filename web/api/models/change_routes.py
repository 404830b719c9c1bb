"""`/v1/models`: the doors that change which version serves and which one is on trial."""

from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends, Path
from pydantic import BaseModel, ConfigDict, Field

from core.types import TrialStage
from store.access.api_tokens import Caller
from web.access import caller
from web.api.control.gate import Gate
from web.api.control.schemas import MAY_WAIT
from web.api.models.changes import (
    ACTIVATE,
    BEGIN_TRIAL,
    END_TRIAL,
    ROLL_BACK,
    Activation,
    Note,
    Rollback,
    TrialEnd,
    TrialStart,
)
from web.api.models.schemas import VERSION, Serves, TrialState
from web.problems import documented

_OF_CHANGE = (
    documented(
        *("unauthenticated", "forbidden", "not-found", "conflict", "too-large", "invalid"),
        "unavailable",
    )
    | MAY_WAIT
)
_Version = Annotated[
    str, Path(pattern=r"^[0-9a-f]{12}$", description="12 hex digits.", examples=[VERSION])
]
_By = Annotated[Caller, Depends(caller)]


class Remark(BaseModel):
    """Why; for the audit log."""

    model_config = ConfigDict(
        extra="forbid", json_schema_extra={"example": {"note": "better on refunds"}}
    )

    note: Note = ""


class ShadowWish(BaseModel):
    """The version scores along, without effect."""

    model_config = ConfigDict(
        extra="forbid", json_schema_extra={"example": {"stage": TrialStage.SHADOW}}
    )

    stage: Literal[TrialStage.SHADOW]


class CanaryWish(BaseModel):
    """The version decides a share of the tickets."""

    model_config = ConfigDict(
        extra="forbid", json_schema_extra={"example": {"stage": TrialStage.CANARY, "share": 0.1}}
    )

    stage: Literal[TrialStage.CANARY]
    share: Annotated[float, Field(gt=0, lt=1)] | None = Field(
        default=None, description="of the tickets; else POINTSMAN_TRIAL_CANARY_SHARE"
    )


TrialWish = Annotated[ShadowWish | CanaryWish, Field(discriminator="stage")]


def model_change_routes(gate: Gate, *, canary_share: float) -> APIRouter:
    """The doors; `canary_share` of tickets, in (0, 1), counts where a canary's is not said."""
    routes = APIRouter(prefix="/v1/models", tags=["models"])

    @routes.post("/trial/end", response_model=Serves, responses=_OF_CHANGE, summary="End a trial")
    def end(body: TrialEnd, by: _By) -> Any:
        """By hand. A version that is promoted is on probation at first."""
        return gate.run(END_TRIAL, body, by=by.name)

    @routes.post(
        "/rollback", response_model=Serves, responses=_OF_CHANGE, summary="Go back a version"
    )
    def rollback(body: Rollback, by: _By) -> Any:
        """To the version that served before, without those that were taken back on probation."""
        return gate.run(ROLL_BACK, body, by=by.name, note=body.note)

    @routes.post(
        "/{version}/activate",
        response_model=Serves,
        responses=_OF_CHANGE,
        summary="Let a version serve",
    )
    def serve(version: _Version, body: Remark, by: _By) -> Any:
        """Even one that the gate rejected; an open trial that makes no sense any more ends."""
        wanted = Activation(version=version, note=body.note)
        return gate.run(ACTIVATE, wanted, by=by.name, note=body.note)

    @routes.post(
        "/{version}/try",
        response_model=TrialState,
        responses=_OF_CHANGE,
        summary="Try a version on live tickets",
    )
    def try_(version: _Version, body: TrialWish, by: _By) -> Any:
        """Against the one that serves. `GET /v1/models/trial` tells how it goes."""
        wanted = _start(version, body, canary_share)
        return gate.run(BEGIN_TRIAL, wanted, by=by.name)

    return routes


def _start(version: str, wish: ShadowWish | CanaryWish, canary_share: float) -> TrialStart:
    if isinstance(wish, ShadowWish):
        return TrialStart(version=version, stage=wish.stage, share=0)
    share = canary_share if wish.share is None else wish.share
    return TrialStart(version=version, stage=wish.stage, share=share)
