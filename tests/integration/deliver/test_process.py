"""The relay as a process: killed between sending and keeping, woken by a message, stopped."""

import subprocess
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import Engine

from broker.app import make_producer_app
from broker.client import wake_deliverers
from tests.factories.delivering import (
    a_relay,
    an_endpoint,
    an_event,
    deliver_all,
    pass_time,
    states,
)
from tests.factories.processes import Processes, wait_until
from tests.factories.receivers import Answer, Receiver, receiver
from tests.factories.redis_server import RedisServer

Started = tuple[subprocess.Popen[bytes], Callable[[], str]]
"""A process, and what it said."""
_SLOW_MACHINE_S = 120


@pytest.fixture
def hook() -> Iterator[Receiver]:
    with receiver() as made:
        yield made


@pytest.fixture
def start(postgres_url: str, tmp_path: Path) -> Iterator[Callable[..., Started]]:
    """Starts relays as processes, with a Redis that is not there unless a test says otherwise."""
    started: list[Processes] = []

    def relay(**more: str) -> Started:
        environment = {
            "POINTSMAN_DATABASE_URL": postgres_url,
            "POINTSMAN_REDIS_URL": "redis://127.0.0.1:1/0",
            "POINTSMAN_WEBHOOK_HTTP": "true",
            "POINTSMAN_WEBHOOK_NETWORKS": "127.0.0.0/8",
            **more,
        }
        started.append(Processes(tmp_path, environment))
        return started[-1].start("-m", "deliver"), started[-1].logs

    yield relay
    for each in started:
        each.stop_all()


def test_what_a_killed_relay_sent_and_did_not_keep_is_sent_again_under_the_same_id(
    engine: Engine, hook: Receiver, start: Callable[..., Started]
) -> None:
    an_endpoint(engine, hook.url)
    event = an_event(engine)
    process, logs = start()

    def kill_it(_: object) -> Answer:
        process.kill()
        process.wait()
        return Answer()

    hook.answer = kill_it
    wait_until(
        lambda: process.poll() is not None,
        timeout_s=_SLOW_MACHINE_S,
        what="the relay sends",
        seen=logs,
    )
    assert states(engine) == ["sending"]
    hook.answer = lambda _: Answer()
    relay = a_relay(engine)
    deliver_all(relay)
    assert len(hook.requests) == 1, "its lease holds"
    pass_time(engine, timedelta(minutes=1))
    deliver_all(relay)
    assert hook.ids == [str(event)] * 2
    assert states(engine) == ["delivered"]


def test_a_message_wakes_it_and_it_ends_when_it_is_asked_to(
    engine: Engine, hook: Receiver, redis_url: str, start: Callable[..., Started]
) -> None:
    an_endpoint(engine, hook.url)
    an_event(engine)
    process, logs = start(POINTSMAN_REDIS_URL=redis_url, POINTSMAN_POLL_INTERVAL_S="3600")
    app = make_producer_app(redis_url, publish_timeout_s=5)

    def told_and_sent() -> bool:
        wake_deliverers(app)
        return set(states(engine)) == {"delivered"}

    for number in (1, 2):
        wait_until(told_and_sent, timeout_s=_SLOW_MACHINE_S, what=f"event {number}", seen=logs)
        an_event(engine)
    process.terminate()
    assert process.wait(_SLOW_MACHINE_S) == 0


def test_in_production_it_does_not_start_on_an_open_redis_or_with_http(
    tmp_path: Path, start: Callable[..., Started]
) -> None:
    server = RedisServer(tmp_path)
    server.start()
    production = {"POINTSMAN_PRODUCTION": "true", "POINTSMAN_REDIS_URL": server.url}
    try:
        process, logs = start(**production)
        assert process.wait(_SLOW_MACHINE_S) == 1
        assert "POINTSMAN_WEBHOOK_HTTP" in logs()
        process, logs = start(**production, POINTSMAN_WEBHOOK_HTTP="false")
        assert process.wait(_SLOW_MACHINE_S) == 1
        assert "Redis answers without a password" in logs()
    finally:
        server.kill()
