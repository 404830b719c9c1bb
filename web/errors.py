"""Errors as HTTP answers: ours and the framework's, all of them problem JSON (RFC 9457)."""

import structlog
from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from core.errors import Invalid, PointsmanError, Transient
from web.problems import Problem, name_for, problem_answer

_log = structlog.get_logger(__name__)
_RETRY = {"retry-after": "1"}


def add_error_answers(app: FastAPI) -> None:
    """Answers errors with their problem instead of a traceback."""
    app.add_exception_handler(PointsmanError, _answer)
    app.add_exception_handler(HTTPException, _http)
    app.add_exception_handler(RequestValidationError, _parameters)
    app.add_exception_handler(Exception, _unforeseen)


async def _answer(request: Request, error: Exception) -> Response:
    _log.warning("request_failed", path=request.url.path, cause=str(error))
    if isinstance(error, Invalid):
        detail = f"{error.field} {error.problem}"
        return problem_answer("invalid", detail=detail, field=error.field, fix=error.fix)
    if isinstance(error, Transient):
        return problem_answer("unavailable", _RETRY)
    return problem_answer("failed")


async def _http(_request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    more = error.more if isinstance(error, Problem) else {}
    return problem_answer(name_for(error), error.headers, detail=error.detail, **more)


async def _parameters(_request: Request, error: Exception) -> Response:
    """What the framework refused: the first parameter or field that is wrong."""
    assert isinstance(error, RequestValidationError)
    first = error.errors()[0]
    field = ".".join(str(part) for part in first["loc"][1:]) or "body"
    return problem_answer("invalid", detail=f"{field}: {first['msg'].lower()}", field=field)


async def _unforeseen(_request: Request, _error: Exception) -> Response:
    """The server logs the error itself."""
    return problem_answer("failed")
