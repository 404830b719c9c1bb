"""`/v1/labels`: what a ticket can be about, and how that changes while the system runs."""

from typing import Annotated

from fastapi import APIRouter, Depends, Path
from sqlalchemy import Engine
from starlette.responses import Response

from router.label_listing import listed
from store.access.api_tokens import Caller
from store.engine import transaction
from store.labels import label_requests
from store.labels.label_requests import LabelRequest
from web.access import caller
from web.api.control.gate import Gate
from web.api.control.schemas import MAY_WAIT
from web.api.labels.changes import EDIT, edit_label, label_out, one_label
from web.api.labels.schemas import LabelChange, LabelEdit, LabelList, LabelOut, LabelRequestOut
from web.etags import IfMatch, etag_of
from web.problems import Problem, documented

LabelName = Annotated[str, Path(min_length=1, max_length=200)]
_COMMON = ("unauthenticated", "forbidden", "invalid", "unavailable")


def label_routes(engine: Engine, gate: Gate) -> APIRouter:
    """What labels are; how they are moved is in `moves.py`."""
    routes = APIRouter(prefix="/v1/labels", tags=["labels"])

    @routes.get(
        "",
        response_model=LabelList,
        responses=documented(*_COMMON),
        summary="The labels in use, with what is known of them and what they still need",
    )
    def list_() -> LabelList:
        """All of them, by name."""
        found = transaction(engine, listed)
        return LabelList(
            labels=[label_out(each) for each in found.labels],
            to_relabel={name: list(tickets) for name, tickets in found.to_relabel.items()},
        )

    @routes.get(
        "/changes/{request}",
        response_model=LabelRequestOut,
        responses=documented(*_COMMON, "not-found"),
        summary="What became of a change that a trainer makes",
    )
    def change(request: Annotated[int, Path(ge=1, le=(1 << 63) - 1)]) -> LabelRequest:
        """It takes seconds while a trainer runs, and waits for one otherwise."""
        found = transaction(engine, lambda c: label_requests.find(c, request))
        if found is None:
            raise Problem("not-found", f"There is no change {request}.")
        return found

    @routes.get(
        "/{name}",
        response_model=LabelOut,
        responses=documented(*_COMMON, "not-found"),
        summary="One label",
    )
    def show(name: LabelName, response: Response) -> LabelOut:
        """Its `ETag` is for what people edit of it."""
        found, version = transaction(engine, lambda c: one_label(c, name))
        response.headers["etag"] = etag_of(version)
        return found

    @routes.patch(
        "/{name}",
        response_model=LabelOut,
        responses=documented(
            *_COMMON, "not-found", "changed-meanwhile", "match-needed", "too-large"
        )
        | MAY_WAIT,
        summary="Edit a label's description, guidelines, level, and teach it examples",
    )
    def edit(
        by: Annotated[Caller, Depends(caller)],
        name: LabelName,
        body: LabelEdit,
        response: Response,
        if_match: IfMatch = None,
    ) -> LabelOut:
        """What is absent stays as it is."""
        change = LabelChange.model_construct(**dict(body), label=name, made_on=if_match)
        if change.level is None:
            found, version = transaction(engine, lambda c: edit_label(c, change, by.name))
        else:
            found, version = gate.run(EDIT, change, by=by.name)
        response.headers["etag"] = etag_of(version)
        return found

    return routes
