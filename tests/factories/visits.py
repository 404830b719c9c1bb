"""Requests for pages, without a server."""

from starlette.requests import Request

from store.access.api_tokens import Caller
from web.console.pages import Visit


def a_visit(person: Caller | None = None, *, path: str = "/", language: str = "en") -> Visit:
    scope = {
        "type": "http",
        "method": "GET",
        "scheme": "http",
        "server": ("127.0.0.1", 8080),
        "path": path,
        "query_string": b"",
        "headers": [(b"accept-language", language.encode())],
    }
    return Visit(request=Request(scope), person=person, csrf="")
