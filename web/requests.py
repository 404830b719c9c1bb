"""What every request gets before anybody reads it: an id, and a limit to its body."""

import re
import time

import structlog
from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from uuid_utils.compat import uuid7

from web.problems import Problem, known_problem, problem_answer

REQUEST_ID = "x-request-id"
_USABLE = re.compile(r"[A-Za-z0-9._:-]{1,128}")
_log = structlog.get_logger(__name__)


class RequestIds:
    """Gives each request an id: in its answer, in its problem, and in all that it logs.

    A caller's own `X-Request-Id` is taken if it is of 1 to 128 letters, digits and `._:-`.
    """

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Passes the request on with its id, and logs calls of the API when they are answered."""
        if scope["type"] != "http":
            return await self.app(scope, receive, send)
        given = Headers(scope=scope).get(REQUEST_ID, "")
        request_id = given if _USABLE.fullmatch(given) else uuid7().hex
        start = time.perf_counter()

        async def answered(message: Message) -> None:
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message)[REQUEST_ID] = request_id
                _note(scope, message["status"], time.perf_counter() - start)
            await send(message)

        with structlog.contextvars.bound_contextvars(request_id=request_id):
            await self.app(scope, receive, answered)


class BodyLimit:
    """Refuses a body over `most` bytes: by its announced length, else as soon as it is longer.

    The framework's own limit would answer in plain text. A compressed body is refused too: nobody
    needs it here, and a small one can hold any number of bytes.
    """

    def __init__(self, app: ASGIApp, *, most: int) -> None:
        self.app = app
        self._most = most

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Passes the request on with a body that cannot be longer than the limit."""
        told = Headers(scope=scope) if "headers" in scope else Headers()
        if told.get("content-encoding", "identity").lower() != "identity":
            detail = "Bodies with a Content-Encoding are not read."
            problem = known_problem("compressed", detail=detail)
            return await problem_answer(problem, {"connection": "close"})(scope, receive, send)
        announced = told.get("content-length", "0")
        detail = f"The body is larger than {self._most} bytes."
        if announced.isascii() and announced.isdigit() and int(announced) > self._most:
            headers = {"connection": "close"}
            return await problem_answer(known_problem("too-large", detail=detail), headers)(
                scope, receive, send
            )
        taken = 0

        async def limited() -> Message:
            nonlocal taken
            message = await receive()
            taken += len(message.get("body", b""))
            if taken > self._most:
                raise Problem("too-large", detail, headers={"connection": "close"})
            return message

        await self.app(scope, limited, send)


def _note(scope: Scope, status: int, seconds: float) -> None:
    if scope["path"].startswith("/v1/"):
        _log.info(
            "request_answered",
            method=scope["method"],
            path=scope["path"],
            status=status,
            ms=round(seconds * 1000, 1),
        )
