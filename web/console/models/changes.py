"""What people change on the model pages: which version serves, and which one is on trial."""

from typing import Annotated

from fastapi import APIRouter, Form
from pydantic import BaseModel
from starlette.requests import Request
from starlette.responses import Response

from core.types import TrialStage
from web.api.control.gate import Change, Gate
from web.api.models.changes import (
    ACTIVATE,
    BEGIN_TRIAL,
    END_TRIAL,
    ROLL_BACK,
    Activation,
    Rollback,
    TrialEnd,
    TrialStart,
)
from web.api.models.schemas import VersionName
from web.console.labels.answers import actor, carried_out
from web.console.labels.forms import shaped
from web.console.models.routes import Version
from web.console.pages import Pages
from web.console.visits import visit_of

_Remark = Annotated[str, Form(max_length=1_000)]


def model_change_routes(pages: Pages, gate: Gate) -> APIRouter:
    """Each answers by the page of the version, or says that a second person is waited for."""
    routes = APIRouter(include_in_schema=False)

    def changed(
        request: Request, change: Change, body: BaseModel, then: str, note: str
    ) -> Response:
        visit = visit_of(request)
        by = actor(visit)
        return carried_out(pages, visit, lambda: gate.run(change, body, by=by, note=note), then)

    @routes.post("/models/trial/end")
    def end(
        request: Request,
        trial: Annotated[int, Form(ge=1, le=2**63 - 1)],
        promote: Annotated[bool, Form()],
    ) -> Response:
        body = TrialEnd(trial=trial, promote=promote)
        return changed(request, END_TRIAL, body, "/models", "")

    @routes.post("/models/rollback")
    def rollback(
        request: Request, serving: Annotated[VersionName, Form()], note: _Remark = ""
    ) -> Response:
        body = shaped(Rollback, serving=serving, note=note)
        return changed(request, ROLL_BACK, body, "/models", note)

    @routes.post("/models/{version}/activate")
    def serve(request: Request, version: Version, note: _Remark = "") -> Response:
        body = shaped(Activation, version=version, note=note)
        return changed(request, ACTIVATE, body, f"/models/{version}", note)

    @routes.post("/models/{version}/try")
    def try_(
        request: Request,
        version: Version,
        stage: Annotated[TrialStage, Form()],
        percent: Annotated[float, Form(gt=0, lt=100)] = 10,
    ) -> Response:
        share = percent / 100 if stage is TrialStage.CANARY else 0
        body = shaped(TrialStart, version=version, stage=stage, share=share)
        return changed(request, BEGIN_TRIAL, body, f"/models/{version}", "")

    return routes
