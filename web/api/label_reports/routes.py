"""`/v1/label-reports`: which labels are missing, and which overlap."""

from collections.abc import Callable
from typing import Annotated

from fastapi import APIRouter, Depends, Path
from sqlalchemy import Engine
from starlette.responses import Response

from store.access.api_tokens import Caller
from store.engine import transaction
from store.labels import label_reports
from web.access import caller
from web.api.label_reports.changes import accept, dismiss, must_stand
from web.api.label_reports.schemas import GapAccepted, LabelReportShape, LookAsked
from web.api.labels.schemas import LabelChanged
from web.problems import Problem, documented

_REFUSED = ("unauthenticated", "forbidden", "unavailable")
FindingKey = Annotated[str, Path(pattern=r"^[0-9a-f]{12}$")]
_By = Annotated[Caller, Depends(caller)]


def label_report_routes(engine: Engine, ask: Callable[[], bool]) -> APIRouter:
    """The four doors; `ask` has trainers look now, False where they could not be told."""
    routes = APIRouter(prefix="/v1/label-reports", tags=["labels"])

    @routes.get(
        "",
        response_model=LabelReportShape,
        responses=documented(*_REFUSED, "not-found"),
        summary="The newest look at the labels",
    )
    def show() -> LabelReportShape:
        """Groups of tickets that no label fits, and pairs of labels that overlap."""
        return LabelReportShape.model_validate(transaction(engine, must_stand))

    @routes.post(
        "",
        status_code=202,
        response_model=LookAsked,
        responses=documented(*_REFUSED),
        summary="Have the labels looked at now",
    )
    def look() -> LookAsked:
        """Before that is due. A trainer does it within minutes."""
        return ask_for_look(engine, ask)

    @routes.post(
        "/{key}/accept",
        response_model=LabelChanged,
        responses=documented(*_REFUSED, "not-found", "conflict", "invalid", "too-large"),
        summary="Make a label of a gap",
    )
    def accept_(by: _By, key: FindingKey, body: GapAccepted, response: Response) -> LabelChanged:
        """With its examples; answers 202 where a trainer makes it, as for any new label."""
        done = accept(engine, key, body, by=by.name)
        if done.state == "queued":
            response.status_code = 202
        return done

    @routes.post(
        "/{key}/dismiss",
        status_code=204,
        responses=documented(*_REFUSED, "not-found", "invalid"),
        summary="Say that a gap or an overlap is none",
    )
    def dismiss_(by: _By, key: FindingKey) -> None:
        """It is not shown again, nor is a gap of later looks that shares half of its terms."""
        transaction(engine, lambda c: dismiss(c, key, by=by.name))

    return routes


def ask_for_look(engine: Engine, ask: Callable[[], bool]) -> LookAsked:
    """Has trainers look now.

    Raises:
        Problem: Redis is away.
    """
    newest = transaction(engine, label_reports.newest)
    if not ask():
        detail = "Trainers could not be told, because Redis is away."
        raise Problem("unavailable", detail, headers={"retry-after": "5"})
    return LookAsked(newest_report=None if newest is None else newest.id)
