"""Our errors as HTTP answers: the one table of codes, and problem JSON (RFC 9457)."""

import structlog
from fastapi import FastAPI
from starlette.requests import Request
from starlette.responses import JSONResponse

from core.errors import Invalid, Permanent, PointsmanError, Transient

_log = structlog.get_logger(__name__)

# First match counts.
_CODES: tuple[tuple[type[PointsmanError], int, str], ...] = (
    (Invalid, 422, "The request cannot be understood"),
    (Transient, 503, "Something that this needs is away; try again"),
    (Permanent, 500, "This failed and will fail again"),
    (PointsmanError, 500, "This failed"),
)


def add_error_answers(app: FastAPI) -> None:
    """Answers our errors with their code instead of a traceback."""
    app.add_exception_handler(PointsmanError, _answer)


async def _answer(request: Request, error: Exception) -> JSONResponse:
    status, title = next((code, title) for kind, code, title in _CODES if isinstance(error, kind))
    _log.warning("request_failed", path=request.url.path, status=status, cause=str(error))
    problem: dict[str, object] = {"type": "about:blank", "title": title, "status": status}
    if isinstance(error, Invalid):
        problem |= {"detail": str(error), "field": error.field}
    headers = {"retry-after": "1"} if status == 503 else None
    return JSONResponse(problem, status, headers, media_type="application/problem+json")
