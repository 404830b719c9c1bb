"""`/v1/labels`: labels added, renamed, merged, split and retired; each can be tried first."""

from typing import Annotated, Any

from fastapi import APIRouter, Depends
from sqlalchemy import Engine
from starlette.responses import Response

from core.types import LabelMove
from router.label_outlook import Wanted
from store.access.api_tokens import Caller
from store.engine import transaction
from web.access import caller
from web.api.labels.changes import examples_of, made, shown
from web.api.labels.routes import LabelName
from web.api.labels.schemas import (
    LabelChanged,
    Merging,
    NewLabel,
    Renaming,
    Retiring,
    Splitting,
)
from web.problems import documented

_By = Annotated[Caller, Depends(caller)]
_QUEUED: dict[int | str, dict[str, Any]] = {
    202: {"model": LabelChanged, "description": "A trainer makes it within seconds."}
}
_OF_NEW = _QUEUED | documented(
    "unauthenticated", "forbidden", "conflict", "too-large", "invalid", "unavailable"
)
_OF_ONE = _OF_NEW | documented("not-found")


def label_move_routes(engine: Engine) -> APIRouter:
    """The five doors; with `dry_run` they show what would be touched, and change nothing."""
    routes = APIRouter(prefix="/v1/labels", tags=["labels"])

    @routes.post("", response_model=LabelChanged, responses=_OF_NEW, summary="Add a label")
    def add(by: _By, body: NewLabel, response: Response) -> LabelChanged:
        """Workers serve it within seconds; the next training learns it for good."""
        wanted = Wanted(
            kind=LabelMove.ADD,
            after=(body.label,),
            descriptions=_described(body.label, body.description),
            examples=examples_of(body, [body.label]),
            tickets={body.label: body.tickets} if body.tickets else {},
            automation=body.automation,
            actor=by.name,
            note=body.note,
        )
        return _moved(engine, response, wanted, dry_run=body.dry_run)

    @routes.post(
        "/{name}/rename", response_model=LabelChanged, responses=_OF_ONE, summary="Rename a label"
    )
    def rename(by: _By, name: LabelName, body: Renaming, response: Response) -> LabelChanged:
        """In rules, in the model, and wherever older tickets name it."""
        wanted = Wanted(
            kind=LabelMove.RENAME,
            before=(name,),
            after=(body.to,),
            actor=by.name,
            note=body.note,
        )
        return _moved(engine, response, wanted, dry_run=body.dry_run)

    @routes.post(
        "/{name}/merge", response_model=LabelChanged, responses=_OF_ONE, summary="Merge labels"
    )
    def merge(by: _By, name: LabelName, body: Merging, response: Response) -> LabelChanged:
        """The one that is left is predicted wherever one of them was."""
        wanted = Wanted(
            kind=LabelMove.MERGE,
            before=tuple(dict.fromkeys((name, *body.labels))),
            after=(body.into,),
            descriptions=_described(body.into, body.description),
            actor=by.name,
            note=body.note,
        )
        return _moved(engine, response, wanted, dry_run=body.dry_run)

    @routes.post(
        "/{name}/split", response_model=LabelChanged, responses=_OF_ONE, summary="Split a label"
    )
    def split(by: _By, name: LabelName, body: Splitting, response: Response) -> LabelChanged:
        """Its tickets teach none of the new ones until somebody says which one is meant."""
        wanted = Wanted(
            kind=LabelMove.SPLIT,
            before=(name,),
            after=tuple(body.into),
            descriptions=body.descriptions,
            examples=examples_of(body, body.into),
            actor=by.name,
            note=body.note,
        )
        return _moved(engine, response, wanted, dry_run=body.dry_run)

    @routes.post(
        "/{name}/retire", response_model=LabelChanged, responses=_OF_ONE, summary="Retire a label"
    )
    def retire(by: _By, name: LabelName, body: Retiring, response: Response) -> LabelChanged:
        """Refused while rules name it, unless another takes its place."""
        wanted = Wanted(
            kind=LabelMove.RETIRE,
            before=(name,),
            after=() if body.to is None else (body.to,),
            actor=by.name,
            note=body.note,
        )
        return _moved(engine, response, wanted, dry_run=body.dry_run)

    return routes


def _described(name: str, words: str) -> dict[str, str]:
    return {name: words} if words else {}


def _moved(engine: Engine, response: Response, wanted: Wanted, *, dry_run: bool) -> LabelChanged:
    outlook, touched = transaction(engine, lambda c: shown(c, wanted))
    if dry_run:
        return LabelChanged(state="dry_run", request=None, touched=touched)
    found = transaction(engine, lambda c: made(c, wanted, outlook, touched))
    if found.state == "queued":
        response.status_code = 202
    return found
