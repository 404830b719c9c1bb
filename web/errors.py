"""Errors as answers: ours and the framework's, problem JSON (RFC 9457), or a page for a browser."""

from collections.abc import Callable, Mapping
from typing import Any

import structlog
from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Match

from core.errors import Invalid, PointsmanError, Transient
from web.problems import Problem, known_problem, name_for, problem_answer

Shown = Callable[[Request, Mapping[str, Any], Mapping[str, str] | None], Response | None]
"""Shows a browser a problem; None where a program asked."""
_log = structlog.get_logger(__name__)
_METHODS = ("DELETE", "GET", "HEAD", "PATCH", "POST", "PUT")
_RETRY = {"retry-after": "1"}


def add_error_answers(app: FastAPI, show: Shown = lambda *_: None) -> None:
    """Answers errors with their problem instead of a traceback.

    Args:
        app: whose errors.
        show: the problem as a page; asked first.
    """
    answers = _Answers(show)
    app.add_exception_handler(PointsmanError, answers.ours)
    app.add_exception_handler(HTTPException, answers.http)
    app.add_exception_handler(RequestValidationError, answers.parameters)
    app.add_exception_handler(Exception, answers.unforeseen)


class _Answers:
    def __init__(self, show: Shown) -> None:
        self._show = show

    def ours(self, request: Request, error: Exception) -> Response:
        _log.warning("request_failed", path=request.url.path, cause=str(error))
        if isinstance(error, Invalid):
            detail = f"{error.field} {error.problem}"
            return self._answer(request, "invalid", detail=detail, field=error.field, fix=error.fix)
        if isinstance(error, Transient):
            return self._answer(request, "unavailable", _RETRY)
        return self._answer(request, "failed")

    def http(self, request: Request, error: Exception) -> Response:
        assert isinstance(error, HTTPException)
        if isinstance(error, Problem):
            said = {"detail": error.detail, **error.more}
            return self._answer(request, error.name, error.headers, **said)
        if error.status_code == 400:  # how the framework calls a body that it cannot decode
            return self._answer(request, "invalid", detail="body: not JSON in UTF-8", field="body")
        if error.status_code == 405:
            return self._answer(request, "method-not-allowed", {"allow": _methods(request)})
        name = name_for(error.status_code)
        return self._answer(request, name, error.headers, detail=error.detail)

    def parameters(self, request: Request, error: Exception) -> Response:
        """What the framework refused: the first parameter or field that is wrong."""
        assert isinstance(error, RequestValidationError)
        first = error.errors()[0]
        place = () if first["type"] == "json_invalid" else first["loc"][1:]
        field = ".".join(map(str, place)) or "body"
        detail = f"{field}: {first['msg'].lower()}"
        return self._answer(request, "invalid", detail=detail, field=field)

    def unforeseen(self, request: Request, _error: Exception) -> Response:
        """The server logs the error itself."""
        return self._answer(request, "failed")

    def _answer(
        self, request: Request, name: str, headers: Mapping[str, str] | None = None, **more: Any
    ) -> Response:
        problem = known_problem(name, **more)
        return self._show(request, problem, headers) or problem_answer(problem, headers)


def _methods(request: Request) -> str:
    """Every method of the path; the framework names those of one route alone.

    A path that stands in the description as it is, is not taken for a name in another's pattern.
    """
    described = request.app.openapi()["paths"].get(request.url.path)
    if described:
        return ", ".join(sorted(map(str.upper, described)))
    return ", ".join(method for method in _METHODS if _has(request, method))


def _has(request: Request, method: str) -> bool:
    asked = {**request.scope, "method": method}
    return any(route.matches(asked)[0] is Match.FULL for route in request.app.routes)
