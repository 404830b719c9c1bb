"""`/v1/imports`: tickets of the past come in, to learn from; nothing is decided and nobody told."""

from collections import Counter
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Path, Query
from sqlalchemy import Engine

from core.errors import Invalid
from core.history.formats import read_row
from core.redaction import Redactor
from core.types import Ticket
from store.access.api_tokens import Caller
from store.engine import transaction
from store.queue import imports
from store.queue.imports import Batch, take_batch
from web.access import caller
from web.api.cursors import cursor_of_number, number_of
from web.api.imports.schemas import (
    ImportedRows,
    ImportPage,
    ImportRows,
    ImportShape,
    RefusedRow,
)
from web.api.people.schemas import WantedPage
from web.problems import Problem, documented

_REFUSED = ("unauthenticated", "forbidden", "invalid", "unavailable")
_Id = Annotated[int, Path(ge=1, le=2**63 - 1)]


def import_routes(engine: Engine, redact: Redactor) -> APIRouter:
    """The three doors."""
    routes = APIRouter(prefix="/v1/imports", tags=["imports"])

    @routes.post(
        "",
        response_model=ImportedRows,
        responses=documented(*_REFUSED, "too-large"),
        summary="Send old tickets to learn from",
    )
    def send(body: ImportRows, by: Annotated[Caller, Depends(caller)]) -> ImportedRows:
        """Answers once they are stored. A call whose answer was lost may be made again."""
        batch = Batch(
            name=body.name,
            source=body.source or by.name,
            format=body.format,
            entries=[_entry(row, body) for row in body.rows],
        )
        counted, became = transaction(
            engine, lambda c: take_batch(c, batch, by=by.name, redact=redact)
        )
        return ImportedRows(
            outcomes=Counter(str(e) for e in became if not isinstance(e, Invalid)),
            refused=[
                _refused(body.first_row + place, entry)
                for place, entry in enumerate(became)
                if isinstance(entry, Invalid)
            ],
            so_far=ImportShape.model_validate(counted),
        )

    @routes.get(
        "", response_model=ImportPage, responses=documented(*_REFUSED), summary="List imports"
    )
    def list_(wanted: Annotated[WantedPage, Query()]) -> ImportPage:
        """Newest first; those of the command line too."""
        before = None if wanted.cursor is None else number_of(wanted.cursor)
        found = transaction(engine, lambda c: imports.page(c, before=before, most=wanted.limit))
        return ImportPage(
            imports=[ImportShape.model_validate(each) for each in found],
            next=cursor_of_number(found[-1].id) if len(found) == wanted.limit else None,
        )

    @routes.get(
        "/{import_id}",
        response_model=ImportShape,
        responses=documented(*_REFUSED, "not-found"),
        summary="How far an import is",
    )
    def show(import_id: _Id) -> ImportShape:
        """What came so far, what became of it, and why rows were refused."""
        found = transaction(engine, lambda c: imports.find(c, import_id))
        if found is None:
            raise Problem("not-found", f"There is no import {import_id}.")
        return ImportShape.model_validate(found)

    return routes


def _entry(row: dict[str, Any], body: ImportRows) -> Ticket | Invalid:
    try:
        return read_row(row, body.format, body.mapping)
    except Invalid as error:
        return error


def _refused(row: int, error: Invalid) -> RefusedRow:
    return RefusedRow(row=row, field=error.field, problem=error.problem, fix=error.fix)
