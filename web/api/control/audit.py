"""`/v1/audit`: who changed what, page by page, as a file, and whether the chain is sound."""

import csv
import io
import json
from collections.abc import Iterator, Sequence
from itertools import chain, islice
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Query
from sqlalchemy import Engine
from starlette.responses import StreamingResponse

from store.access import audit
from store.engine import transaction
from web.api.control.schemas import AuditCheck, AuditEntry, AuditPage, WantedEntries
from web.api.cursors import cursor_of_number, number_of
from web.problems import documented

Format = Literal["jsonl", "csv"]
_MEDIA: dict[Format, str] = {"jsonl": "application/jsonl", "csv": "text/csv; charset=utf-8"}
_COLUMNS = ("id", "at", "actor", "action", "subject", "detail", "previous", "hash")


def audit_routes(engine: Engine) -> APIRouter:
    """The three routes."""
    routes = APIRouter(prefix="/v1/audit", tags=["control"])

    @routes.get(
        "",
        response_model=AuditPage,
        responses=documented("unauthenticated", "forbidden", "invalid", "unavailable"),
        summary="Who changed what, newest first",
    )
    def list_(wanted: Annotated[WantedEntries, Query()]) -> AuditPage:
        """Entries hold no ticket text."""
        before = None if wanted.cursor is None else number_of(wanted.cursor)
        fits = audit.AuditFilter(**wanted.model_dump(exclude={"cursor", "limit"}))
        found = transaction(engine, lambda c: audit.page(c, fits, before=before, most=wanted.limit))
        return AuditPage(
            entries=[AuditEntry.model_validate(audit.as_line(entry)) for entry in found],
            next=cursor_of_number(found[-1].id) if len(found) == wanted.limit else None,
        )

    @routes.get(
        "/export",
        response_class=StreamingResponse,
        responses={
            200: {
                "description": "Every entry, oldest first.",
                "content": {"application/jsonl": {}, "text/csv": {}},
            },
            **documented("unauthenticated", "forbidden", "invalid", "unavailable"),
        },
        summary="The whole log as a file",
    )
    def export(format: Format = "jsonl") -> StreamingResponse:
        """`pointsman audit verify FILE` checks the JSON form without a server."""
        lines = map(audit.as_line, _begun(whole_log(engine)))
        text = _csv(lines) if format == "csv" else (json.dumps(line) + "\n" for line in lines)
        named = {"content-disposition": f'attachment; filename="audit.{format}"'}
        return StreamingResponse(text, media_type=_MEDIA[format], headers=named)

    @routes.get(
        "/check",
        response_model=AuditCheck,
        responses=documented("unauthenticated", "forbidden", "unavailable"),
        summary="Look along the chain of hashes",
    )
    def check() -> audit.Check:
        """Reads the whole log; note `head` down to know later that nothing was cut off."""
        return audit.check(whole_log(engine))

    return routes


def whole_log(engine: Engine) -> Iterator[audit.Entry]:
    """Every entry, oldest first; a transaction for each thousand."""
    return audit.along(lambda last: transaction(engine, lambda c: audit.next_after(c, last)))


def _begun(entries: Iterator[audit.Entry]) -> Iterator[audit.Entry]:
    """The same with the first one read, so that what is away is told before anything is sent."""
    return chain(list(islice(entries, 1)), entries)


def _csv(lines: Iterator[dict[str, Any]]) -> Iterator[str]:
    yield _row(_COLUMNS)
    for line in lines:
        told = {**line, "detail": json.dumps(line["detail"])}
        yield _row([_harmless(str(told[name])) for name in _COLUMNS])


def _row(cells: Sequence[str]) -> str:
    out = io.StringIO()
    csv.writer(out).writerow(cells)
    return out.getvalue()


def _harmless(cell: str) -> str:
    """So that a spreadsheet takes no name for a formula (OWASP, CSV injection)."""
    return f"'{cell}" if cell.startswith(("=", "+", "-", "@", "\t", "\r")) else cell
