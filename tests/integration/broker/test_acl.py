"""The Redis users that docs/security.md tells to make can do their work, and no more."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
import redis

from broker.app import make_consumer_app, make_producer_app
from broker.exposure import answers_strangers
from broker.health import probe
from broker.messages import SUBMIT, TICKETS_QUEUE
from broker.progress import ProgressBoard
from broker.rate_counts import RateCounts
from tests.factories.redis_server import RedisServer

_DOC = Path(__file__).parents[3] / "docs" / "security.md"
_PASSWORD = "hush"
Urls = dict[str, str]


@pytest.fixture
def urls(tmp_path: Path) -> Iterator[Urls]:
    """A server with the documented users; a URL for each."""
    server = RedisServer(tmp_path)
    server.start()
    lines = _DOC.read_text(encoding="utf-8").splitlines()
    users = [line.split()[1:] for line in lines if re.match(r"user \w+ +(on|off)\b", line)]
    try:
        with server.client() as client:
            for name, *rules in reversed(users):  # the default one is shut last
                given = [f">{_PASSWORD}" if rule.startswith(">") else rule for rule in rules]
                client.execute_command("ACL", "SETUSER", name, *given)
        yield {name: server.url.replace("//", f"//{name}:{_PASSWORD}@") for name, *_ in users}
    finally:
        server.kill()


def test_strangers_are_out(urls: Urls) -> None:
    assert not answers_strangers(urls["web"])


def test_a_producer_can_send_and_a_worker_can_take(urls: Urls) -> None:
    producer = make_producer_app(urls["producer"], publish_timeout_s=5)
    producer.send_task(SUBMIT, args=[[]], queue=TICKETS_QUEUE)
    producer.close()
    app = make_consumer_app(urls["worker"], visibility_timeout_s=15)
    with app.connection_for_read() as connection:
        taken = connection.SimpleQueue(TICKETS_QUEUE)
        message = taken.get(timeout=10)
        assert message.headers["task"] == SUBMIT
        message.ack()
        taken.close()
    app.close()


def test_a_web_process_counts_requests_and_wakes_workers(urls: Urls) -> None:
    counts = RateCounts(urls["web"], timeout_s=2)
    assert counts.wait_s(("requests", "a"), most=1, cost=1) is None
    assert counts.wait_s(("requests", "a"), most=1, cost=1) is not None
    app = make_producer_app(urls["web"], publish_timeout_s=5)
    app.send_task(SUBMIT, args=[[]], queue=TICKETS_QUEUE)
    app.close()
    assert probe(urls["web"], timeout_s=2).eviction == "noeviction"


def test_a_trainer_tells_where_it_is(urls: Urls) -> None:
    board = ProgressBoard(urls["worker"], timeout_s=2, kept_s=60)
    board.tell(1, {"stage": "reading"})
    with redis.Redis.from_url(urls["web"]) as client:
        assert client.get("pointsman:training") is not None


@pytest.mark.parametrize("command", ["FLUSHALL", "CONFIG SET dir /tmp", "DEBUG SLEEP 0", "KEYS *"])
@pytest.mark.parametrize("user", ["web", "worker", "producer"])
def test_nobody_can_command_the_server(urls: Urls, user: str, command: str) -> None:
    with (
        redis.Redis.from_url(urls[user]) as client,
        pytest.raises(redis.exceptions.NoPermissionError),
    ):
        client.execute_command(*command.split())


def test_a_producer_cannot_read_what_waits(urls: Urls) -> None:
    with (
        redis.Redis.from_url(urls["producer"]) as client,
        pytest.raises(redis.exceptions.NoPermissionError),
    ):
        client.lrange(TICKETS_QUEUE, 0, -1)
