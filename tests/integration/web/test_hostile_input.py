"""Requests that are meant to hurt: endless, compressed, bottomless, and with bytes that break."""

import asyncio
import gzip
import json
from collections.abc import Iterator
from typing import Any

import pytest
from sqlalchemy import Engine, text
from starlette.testclient import TestClient
from starlette.types import Message

from core.types import Role
from tests.factories.callers import Serve, a_secret, bearer

_ONE = {"id": "t-1", "subject": "Late", "body": "It did not come."}
_LIMIT = 100_000
_BREAKING = "a\x00b\ud800c\x1b[31md\u0085e\u202ef"
_ESCAPED = json.dumps(_BREAKING)
_BOMB = gzip.compress(b" " * 50_000_000, compresslevel=1)


@pytest.fixture
def shop(serve: Serve, engine: Engine) -> TestClient:
    made = serve(http_body_bytes=_LIMIT)
    made.headers.update(bearer(a_secret(engine, Role.ADMIN)))
    return made


def _problem(answer: Any) -> tuple[int, str]:
    return answer.status_code, answer.json()["type"].removeprefix("/problems/")


def test_of_a_body_that_never_ends_no_more_than_the_limit_is_read(shop: TestClient) -> None:
    """Ten gigabytes in pieces without a length: each that is taken is counted."""
    given = 0

    async def receive() -> Message:
        nonlocal given
        given += 64_000
        return {"type": "http.request", "body": b" " * 64_000, "more_body": given < 10**10}

    sent: list[Message] = []

    async def send(message: Message) -> None:
        sent.append(message)

    scope = {
        "type": "http",
        "method": "POST",
        "path": "/v1/tickets",
        "query_string": b"",
        "headers": [
            (b"host", b"testserver"),
            (b"authorization", shop.headers["authorization"].encode()),
            (b"content-type", b"application/json"),
            (b"transfer-encoding", b"chunked"),
        ],
    }

    async def ask() -> None:
        await shop.app(scope, receive, send)

    asyncio.run(ask())
    assert sent[0]["status"] == 413
    assert given <= _LIMIT + 2 * 64_000


@pytest.mark.parametrize("coding", ["gzip", "deflate", "br", "zstd", "GZIP, gzip", "nonsense"])
def test_a_compressed_body_is_refused_unread(shop: TestClient, coding: str) -> None:
    answer = shop.post("/v1/tickets", content=_BOMB, headers={"content-encoding": coding})
    assert _problem(answer) == (415, "compressed")


@pytest.mark.parametrize(
    "body",
    [
        b"[" * 90_000,
        b'{"a":' * 18_000,
        b'{"id": "t", "subject": "s", "body": "b", "metadata": {"n": ' + b"9" * 5_000 + b"}}",
        b'{"id": "t", "subject": "s", "body": "b", "metadata": {"n": 1e999}}',
        b'{"id": "t", "subject": "s", "body": "b", "metadata": {"n": NaN}}',
        b'{"id": "t", "subject": "\xff", "body": "b"}',
        b"\x80\x05K\x01.",
        b"",
    ],
    ids=["depth", "deep objects", "long number", "overflow", "NaN", "latin-1", "pickle", "nothing"],
)
def test_json_that_would_break_a_parser_is_the_callers_fault(
    shop: TestClient, engine: Engine, body: bytes
) -> None:
    answer = shop.post("/v1/tickets", content=body, headers={"content-type": "application/json"})
    assert _problem(answer) == (422, "invalid")
    with engine.connect() as connection:
        assert connection.execute(text("SELECT count(*) FROM tickets")).scalar_one() == 0


def _doors() -> Iterator[tuple[str, str, dict[str, Any]]]:
    """The doors that stores what people write, with the bytes that break in each of its texts."""
    bad = _BREAKING
    yield "POST", "/v1/tickets", {"id": f"t{bad}", "subject": bad, "body": bad, "customer": bad}
    yield "POST", "/v1/tickets", {**_ONE, "metadata": {bad: bad}, "channel": bad, "labels": [bad]}
    yield "POST", "/v1/labels", {"label": f"x{bad}", "description": bad, "note": bad}
    yield "POST", "/v1/departments", {"name": f"x{bad}", "description": bad}
    yield "POST", "/v1/tickets/{ticket}/feedback", {"outcome": "accepted", "note": bad}
    yield "POST", "/v1/erasures", {"customer": bad}
    yield "POST", "/v1/tokens", {"name": bad, "role": "ops"}
    yield "POST", "/v1/people", {"name": bad, "role": "ops", "password": f"{bad}{bad}{bad}"}
    yield "POST", "/v1/sign-in", {"name": bad, "password": bad}
    yield "POST", "/v1/rules/lint", {"default_department": bad, "rules": []}
    yield "POST", "/v1/rules", {"document": {"default_department": bad, "rules": []}, "note": bad}
    yield "GET", f"/v1/tickets?state={_ESCAPED}", {}
    yield "GET", "/v1/audit?actor=%00", {}
    yield "GET", "/v1/tickets/%00", {}
    yield "GET", "/v1/labels/%00%ff", {}


_DOORS = {f"{number} {door[0]} {door[1][:24]}": door for number, door in enumerate(_doors())}


@pytest.mark.parametrize("door", _DOORS)
def test_bytes_that_postgres_refuses_are_no_fault_of_ours_at_any_door(
    shop: TestClient, engine: Engine, door: str
) -> None:
    method, path, body = _DOORS[door]
    stored = shop.post("/v1/tickets", json={**_ONE, "id": "whole"})
    assert stored.status_code == 202, stored.text
    place = path.replace("{ticket}", stored.json()["id"])
    answer = shop.request(
        method,
        place,
        content=json.dumps(body) if body else None,
        headers={"content-type": "application/json"},
    )
    assert answer.status_code < 500, answer.text
    with engine.connect() as connection:
        shown = connection.execute(text("SELECT string_agg(c::text, '') FROM ticket_contents c"))
        assert "\x1b" not in shown.scalar_one()
