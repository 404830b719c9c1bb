"""The id of a request of the API, on its way over Redis into a worker's log."""

import signal
import threading
from collections.abc import Iterable, Iterator
from uuid import UUID

import pytest
import structlog
from celery.worker import state as celery_state
from sqlalchemy import Engine
from starlette.testclient import TestClient
from structlog.testing import capture_logs

from broker.app import make_consumer_app, make_producer_app
from broker.client import announce
from broker.consumer import consume
from broker.messages import MAINTENANCE_QUEUE, TICKETS_QUEUE, parse_request_id
from core.redaction import AS_GIVEN
from tests.factories.callers import a_secret, bearer, web_settings
from web.app import make_app
from worker.counters import Counters
from worker.inbox import Inbox
from worker.tasks import Intake, add_tasks


@pytest.fixture
def _signals() -> Iterator[None]:
    """A consumer takes these over for the life of its process."""
    kept = {name: signal.getsignal(name) for name in (signal.SIGTERM, signal.SIGINT)}
    yield
    for name, handler in kept.items():
        signal.signal(name, handler)
    celery_state.should_stop = None
    celery_state.should_terminate = None


class _Last(Inbox):
    """Ends the consumer once so many messages have come."""

    def __init__(self, messages: int, stopping: threading.Event) -> None:
        super().__init__(100)
        self._left, self._stopping = messages, stopping

    def put(self, ids: Iterable[UUID]) -> None:
        super().put(ids)
        self._left -= 1
        if not self._left:
            self._stopping.set()
            celery_state.should_stop = 0


def _logged(engine: Engine, redis_url: str, messages: int) -> list[str | None]:
    """The request that each line about a message names, in the order of the messages."""
    app, stopping = make_consumer_app(redis_url, visibility_timeout_s=15), threading.Event()
    add_tasks(
        app,
        intake=Intake(engine=engine, redactor=AS_GIVEN, stopping=stopping),
        inbox=_Last(messages, stopping),
        counters=Counters(),
        maintain=lambda: None,
    )
    with capture_logs(processors=[structlog.contextvars.merge_contextvars]) as lines:
        consume(app, (TICKETS_QUEUE, MAINTENANCE_QUEUE), stopping=stopping, log_level="WARNING")
    return [line.get("request_id") for line in lines if line["event"] == "tickets_announced"]


@pytest.mark.usefixtures("_signals")
def test_a_workers_log_names_the_request_that_stored_the_tickets(
    engine: Engine, postgres_url: str, redis_url: str
) -> None:
    ticket = {"id": "t-1", "subject": "late", "body": "where is it"}
    with TestClient(make_app(web_settings(postgres_url, redis_url))) as client:
        headers = bearer(a_secret(engine)) | {"x-request-id": "call-17"}
        assert client.post("/v1/tickets", json=ticket, headers=headers).status_code == 202
    producer = make_producer_app(redis_url, publish_timeout_s=1)
    announce(producer, [UUID(int=1)], per_message=1)
    producer.close()
    assert _logged(engine, redis_url, messages=2) == ["call-17", None]


@pytest.mark.parametrize("raw", [None, 7, "", "a b", "line\nbreak", "x" * 129])
def test_what_no_log_line_should_hold_names_no_request(raw: object) -> None:
    assert parse_request_id(raw) is None
