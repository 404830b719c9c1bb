"""No word of a caller stands in a statement: it is bound, at every door and in every filter."""

import json
from collections.abc import Iterator
from typing import Any

import pytest
from fastapi.routing import APIRoute
from sqlalchemy import Engine, event, text
from starlette.testclient import TestClient

from core.types import Role
from tests.factories.callers import Serve, a_secret, bearer

_MARK = "zq7x"
_WORDS = (
    f"{_MARK}' OR '1'='1",
    f"{_MARK}'); DROP TABLE tickets; --",
    f'{_MARK}" UNION SELECT secret_hash FROM api_tokens --',
    f"{_MARK}\\' || pg_sleep(9) || '%(a)s :a {{}}",
)
_ENDLESS = "/v1/stream"
_DOORS: tuple[tuple[str, str, dict[str, Any]], ...] = (
    ("POST", "/v1/tickets", {"id": "WORD", "body": "WORD", "subject": "WORD", "customer": "WORD"}),
    ("POST", "/v1/tickets", {"id": "1", "subject": "", "body": "b", "metadata": {"WORD": "WORD"}}),
    (
        "POST",
        "/v1/tickets?source=WORD",
        {"id": "2", "subject": "", "body": "b", "labels": ["WORD"]},
    ),
    (
        "POST",
        "/v1/imports",
        {"name": "WORD", "rows": [{"id": "WORD", "subject": "", "body": "b", "labels": ["WORD"]}]},
    ),
    ("POST", "/v1/labels", {"label": "WORD", "description": "WORD", "note": "WORD"}),
    ("POST", "/v1/departments", {"name": "WORD", "description": "WORD"}),
    ("POST", "/v1/tokens", {"name": "WORD", "role": "ops"}),
    ("POST", "/v1/people", {"name": "WORD", "role": "ops", "password": "four unrelated words"}),
    ("POST", "/v1/sign-in", {"name": "WORD", "password": "WORD"}),
    ("POST", "/v1/erasures", {"customer": "WORD"}),
    ("POST", "/v1/erasures", {"source": "WORD", "external_id": "WORD"}),
    ("POST", "/v1/intake/WORD", {"id": "WORD"}),
)


@pytest.fixture
def admin(serve: Serve, engine: Engine) -> TestClient:
    client = serve()
    client.headers.update(bearer(a_secret(engine, Role.ADMIN)))
    client.headers["content-type"] = "application/json"
    return client


@pytest.fixture
def said() -> Iterator[list[tuple[str, str]]]:
    """Every statement of this process and its values."""
    heard: list[tuple[str, str]] = []

    def note(_c: Any, _k: Any, statement: str, values: Any, *_: Any) -> None:
        heard.append((statement, repr(values)))

    event.listen(Engine, "before_cursor_execute", note)
    yield heard
    event.remove(Engine, "before_cursor_execute", note)


def _filters(client: TestClient) -> Iterator[tuple[str, str]]:
    """Every parameter in a query of a page or a door that only reads."""
    routes = [route for route in client.app.routes if isinstance(route, APIRoute)]  # type: ignore[attr-defined]
    for route in routes:
        route.include_in_schema = True
    client.app.openapi_schema = None  # type: ignore[attr-defined]
    for path, methods in client.get("/openapi.json").json()["paths"].items():
        for each in methods.get("get", {}).get("parameters", []):
            if each["in"] == "query" and path != _ENDLESS:
                yield path, each["name"]


def _whole(engine: Engine) -> tuple[int, int]:
    counts = "SELECT (SELECT count(*) FROM tickets), (SELECT count(*) FROM api_tokens)"
    with engine.connect() as connection:
        found = connection.execute(text(counts)).one()
        return int(found[0]), int(found[1])


def test_what_filters_are_given_is_bound(
    admin: TestClient, engine: Engine, said: list[tuple[str, str]]
) -> None:
    before, asked = _whole(engine), list(_filters(admin))
    assert len(asked) > 50
    for path, name in asked:
        where = "/".join(_WORDS[0].replace("/", "") if p[:1] == "{" else p for p in path.split("/"))
        answer = admin.get(where, params={name: _WORDS[len(name) % len(_WORDS)]})
        assert answer.status_code < 500, (path, name)
    _bound(said)
    assert _whole(engine) == before


@pytest.mark.parametrize("word", _WORDS)
def test_what_is_written_is_bound(
    admin: TestClient, engine: Engine, said: list[tuple[str, str]], word: str
) -> None:
    for method, path, body in _DOORS:
        content = json.dumps(body).replace("WORD", json.dumps(word)[1:-1])
        answer = admin.request(method, path.replace("WORD", word.replace("/", "")), content=content)
        assert answer.status_code < 500, (path, answer.text)
    _bound(said)
    assert _whole(engine) == (3, 2), "each thing that is right was stored"


def _bound(said: list[tuple[str, str]]) -> None:
    assert [statement for statement, _ in said if _MARK in statement] == []
    assert any(_MARK in values for _, values in said), "the words did not come so far"
