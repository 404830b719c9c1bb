"""`/v1/models`: versions, what they are worth, which one serves, and which one is on trial."""

from typing import Annotated

from fastapi import APIRouter, Path, Query
from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy import Connection, Engine
from starlette.responses import HTMLResponse, PlainTextResponse

from store.engine import transaction
from store.models import model_versions, trials
from web.api.cursors import cursor_of_number, number_of
from web.api.models.artifacts import manifest_of, page_of
from web.api.models.changes import must_be_known
from web.api.models.schemas import (
    VERSION,
    Comparison,
    CurrentTrial,
    ModelList,
    ModelRecord,
    VersionName,
    compared,
    line_of,
    record_of,
    trial_state,
)
from web.problems import documented
from web.security import REPORT_POLICY

_TRIALS_SHOWN = 10
_REFUSED = ("unauthenticated", "forbidden", "invalid", "unavailable")
_OF_ONE = documented(*_REFUSED, "not-found")

_Version = Annotated[
    str, Path(pattern=r"^[0-9a-f]{12}$", description="12 hex digits.", examples=[VERSION])
]
_Either = Annotated[VersionName, Query(examples=[VERSION])]


class WantedModels(BaseModel):
    """The query of a list."""

    model_config = ConfigDict(extra="forbid")

    cursor: Annotated[str, Field(max_length=100)] | None = Field(
        default=None, description="`next` of the page before"
    )
    limit: Annotated[int, Field(ge=1, le=200)] = 50


def model_routes(engine: Engine) -> APIRouter:
    """The doors that change nothing."""
    routes = APIRouter(prefix="/v1/models", tags=["models"])

    @routes.get(
        "",
        response_model=ModelList,
        responses=documented(*_REFUSED),
        summary="List versions, newest first",
    )
    def list_(wanted: Annotated[WantedModels, Query()]) -> ModelList:
        """Where each is in its life, how good it was when it was made, what the gate said."""
        return transaction(engine, lambda c: _page(c, wanted))

    @routes.get(
        "/compare",
        response_model=Comparison,
        responses=_OF_ONE,
        summary="Two versions side by side",
    )
    def compare(a: _Either, b: _Either) -> Comparison:
        """By what is stored; `command` compares them on the same tickets where nobody has yet."""
        return transaction(engine, lambda c: compared(must_be_known(c, a), must_be_known(c, b)))

    @routes.get(
        "/trial",
        response_model=CurrentTrial,
        responses=documented(*_REFUSED),
        summary="The version on trial and what live tickets say of it",
    )
    def trial() -> CurrentTrial:
        """The open trial, else the last one."""
        found = next(iter(transaction(engine, lambda c: trials.newest(c, most=1))), None)
        return CurrentTrial(trial=None if found is None else trial_state(found))

    @routes.get(
        "/{version}",
        response_model=ModelRecord,
        responses=_OF_ONE,
        summary="Everything about one version",
    )
    def show(version: _Version) -> ModelRecord:
        """Figures, figures of each label, manifest, gate and trials."""
        known, tried = transaction(
            engine,
            lambda c: (
                must_be_known(c, version),
                trials.of_version(c, version, most=_TRIALS_SHOWN),
            ),
        )
        return record_of(known, tried, *manifest_of(known))

    @routes.get(
        "/{version}/report",
        response_class=HTMLResponse,
        responses=documented(*_REFUSED, "not-found", "conflict"),
        summary="The training report",
    )
    def report(version: _Version) -> HTMLResponse:
        """One HTML page with its pictures inside, in which nothing can run."""
        known = transaction(engine, lambda c: must_be_known(c, version))
        headers = {"content-security-policy": REPORT_POLICY}
        return HTMLResponse(page_of(known, "report.html"), headers=headers)

    @routes.get(
        "/{version}/card",
        response_class=PlainTextResponse,
        responses={
            200: {"content": {"text/markdown": {"schema": {"type": "string"}}}},
            **documented(*_REFUSED, "not-found", "conflict"),
        },
        summary="The model card",
    )
    def card(version: _Version) -> PlainTextResponse:
        """The artifact's README.md: what the model is for, how it was made, where it is weak."""
        known = transaction(engine, lambda c: must_be_known(c, version))
        return PlainTextResponse(page_of(known, "README.md"), media_type="text/markdown")

    return routes


def _page(connection: Connection, wanted: WantedModels) -> ModelList:
    after = None if wanted.cursor is None else f"{number_of(wanted.cursor):012x}"
    found = model_versions.page(connection, after=after, most=wanted.limit)
    is_full = len(found) == wanted.limit
    return ModelList(
        models=[line_of(known) for known in found],
        next=cursor_of_number(int(found[-1].version, 16)) if is_full else None,
    )
