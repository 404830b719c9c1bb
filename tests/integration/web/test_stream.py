import json
import threading
import time
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
import uvicorn
from sqlalchemy import Engine, text

from store.engine import transaction
from store.queue.tickets import accept
from tests.factories.callers import a_secret, bearer, web_settings
from tests.factories.deciding import decide_all
from tests.factories.values import tickets
from web.app import make_app


@pytest.fixture
def address(postgres_url: str, redis_url: str) -> Iterator[str]:
    """A web process' server, in a thread: streams do not end, which test clients wait for."""
    app = make_app(web_settings(postgres_url, redis_url, stream_listeners=2))
    config = uvicorn.Config(app, port=0, log_config=None, timeout_graceful_shutdown=1)
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run)
    thread.start()
    while not server.started:
        time.sleep(0.01)
    port = server.servers[0].sockets[0].getsockname()[1]
    yield f"http://127.0.0.1:{port}/v1/stream"
    server.should_exit = True
    thread.join()


def _decide(engine: Engine, count: int, prefix: str) -> None:
    transaction(engine, lambda c: accept(c, tickets(count, prefix=prefix), source="shop"))
    decide_all(engine)


def _events(lines: Iterator[str], count: int) -> list[dict[str, Any]]:
    """The next events: their id and what they say."""
    found: list[dict[str, Any]] = []
    id_ = ""
    for line in lines:
        if line.startswith("id: "):
            id_ = line.removeprefix("id: ")
        if line.startswith("data: "):
            found.append({"id": id_, **json.loads(line.removeprefix("data: "))})
        if len(found) == count:
            break
    return found


def _external_ids(engine: Engine, events: list[dict[str, Any]]) -> list[str]:
    with engine.connect() as connection:
        names: dict[str, str] = {
            row.id: row.external_id
            for row in connection.execute(text("SELECT id::text, external_id FROM tickets"))
        }
    return sorted(names[event["ticket_id"]] for event in events)


def test_everybody_who_listens_hears_each_decision_once(address: str, engine: Engine) -> None:
    headers = bearer(a_secret(engine))
    with (
        httpx.stream("GET", address, headers=headers, timeout=30) as one,
        httpx.stream("GET", address, headers=headers, timeout=30) as two,
    ):
        assert one.headers["content-type"].startswith("text/event-stream")
        assert httpx.get(address, headers=headers).status_code == 503
        first, second = one.iter_lines(), two.iter_lines()
        assert [next(first), next(second)] == [": listening", ": listening"]
        _decide(engine, 3, "a")
        assert _external_ids(engine, _events(first, 3)) == ["a-0", "a-1", "a-2"]
        _decide(engine, 1, "b")
        assert _external_ids(engine, _events(first, 1)) == ["b-0"]
        assert _external_ids(engine, _events(second, 4)) == ["a-0", "a-1", "a-2", "b-0"]


def test_who_comes_again_hears_what_came_since(address: str, engine: Engine) -> None:
    headers = bearer(a_secret(engine))
    _decide(engine, 1_200, "a")
    aged = "UPDATE outbox SET id = CAST(overlay(id::text placing '0198c0de' from 1 for 8) AS uuid)"
    transaction(engine, lambda c: c.execute(text(aged)))
    last = {"last-event-id": "0198c0dd-0000-7000-8000-000000000000"}
    with httpx.stream("GET", address, headers=headers | last, timeout=30) as answer:
        lines = answer.iter_lines()
        past = _events(lines, 1_200)
        _decide(engine, 1, "b")
        assert _external_ids(engine, _events(lines, 1)) == ["b-0"]
    assert len({event["id"] for event in past}) == 1_200


def test_a_last_event_that_is_none_of_ours_is_refused(address: str, engine: Engine) -> None:
    headers = bearer(a_secret(engine)) | {"last-event-id": "7"}
    answer = httpx.get(address, headers=headers)
    assert (answer.status_code, answer.json()["field"]) == (422, "last-event-id")
    assert httpx.get(address).status_code == 401
