import signal
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import Engine, text

from broker.app import make_producer_app
from broker.client import submit
from core.ticket_json import ticket_object
from tests.factories.processes import wait_until
from tests.factories.redis_server import RedisServer
from tests.factories.values import a_ticket, tickets
from tests.faults.conftest import System
from tests.faults.ledger import compare


@pytest.fixture
def redis_server_of_its_own(tmp_path: Path) -> Iterator[RedisServer]:
    server = RedisServer(tmp_path)
    server.start()
    yield server
    server.kill()


@pytest.fixture
def system(
    engine: Engine, postgres_url: str, redis_server_of_its_own: RedisServer, tmp_path: Path
) -> Iterator[System]:
    made = System(engine=engine, urls=(postgres_url, redis_server_of_its_own.url), folder=tmp_path)
    made.install_model()
    yield made
    made.close()


def _send_in_background(system: System, count: int) -> threading.Thread:
    def send() -> None:
        for start in range(0, count, 20):
            batch = [a_ticket(f"t-{n}", body=f"Case {n}") for n in range(start, start + 20)]
            system.sender.send(batch)
            time.sleep(0.05)

    thread = threading.Thread(target=send)
    thread.start()
    return thread


def test_wiping_redis_in_mid_run_loses_nothing(
    system: System, redis_server_of_its_own: RedisServer
) -> None:
    system.start_worker()
    system.wait_for_workers(1)
    sending = _send_in_background(system, 1000)
    for _ in range(4):
        time.sleep(0.4)
        with redis_server_of_its_own.client() as client:
            client.flushall()
    sending.join()
    system.wait_until_decided()
    assert compare(system.engine, system.ledger).are_none


def test_a_redis_that_dies_and_comes_back_empty_loses_nothing(
    system: System, redis_server_of_its_own: RedisServer
) -> None:
    worker = system.start_worker()
    system.wait_for_workers(1)
    sending = _send_in_background(system, 1000)
    time.sleep(0.5)
    redis_server_of_its_own.kill()
    system.sender.send(tickets(20, prefix="without-redis"))
    system.wait_until_decided()
    redis_server_of_its_own.start()
    sending.join()
    system.wait_until_decided()
    assert compare(system.engine, system.ledger).are_none
    assert worker.deaths == 0


def test_a_redis_that_hangs_holds_up_neither_sender_nor_worker(
    system: System, redis_server_of_its_own: RedisServer
) -> None:
    worker = system.start_worker()
    system.wait_for_workers(1)
    redis_server_of_its_own.signal(signal.SIGSTOP)
    try:
        system.sender.send(tickets(50))
        system.wait_until_decided()
    finally:
        redis_server_of_its_own.signal(signal.SIGCONT)
    assert compare(system.engine, system.ledger).are_none
    assert worker.deaths == 0


def test_whole_tickets_put_on_redis_by_a_celery_producer_are_stored_and_decided(
    system: System, redis_server_of_its_own: RedisServer
) -> None:
    batch = tickets(120)
    system.ledger.note("sending", [ticket.id for ticket in batch])
    app = make_producer_app(redis_server_of_its_own.url, publish_timeout_s=1)
    objects = [ticket_object(ticket) for ticket in batch]
    submit(app, [*objects, {"id": "bad"}, 7], source="faults", per_message=50)  # type: ignore[list-item]
    app.close()
    system.ledger.note("accepted", [ticket.id for ticket in batch])
    system.start_worker()
    system.wait_for_workers(1)
    _wait_for_dead_letters(system.engine, 2)
    system.wait_until_decided()
    assert compare(system.engine, system.ledger).are_none


def _wait_for_dead_letters(engine: Engine, count: int) -> None:
    def arrived() -> bool:
        with engine.connect() as connection:
            statement = text("SELECT count(*) FROM dead_letters")
            return bool(connection.execute(statement).scalar() == count)

    wait_until(arrived, timeout_s=60, what="refused submissions kept")
