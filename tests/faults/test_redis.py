"""C5 to C8: Redis wiped, killed, hung, full, failed over. PostgreSQL remembers; polling finds."""

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
from tests.faults.conftest import Run, System
from tests.faults.proxy import Proxy


@pytest.fixture
def system(
    engine: Engine, postgres_url: str, redis: RedisServer, tmp_path: Path, run: Run
) -> Iterator[System]:
    made = System(engine=engine, urls=(postgres_url, redis.url), folder=tmp_path, seed=run.seed)
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


def test_c5_wiping_redis_in_mid_run_loses_nothing(
    system: System, redis: RedisServer, run: Run
) -> None:
    chance, wipes = run.chance("C5"), run.of(3, 5, 50)
    system.start_worker()
    system.wait_for_workers(1)
    sending = _send_in_background(system, 200 * wipes)
    for _ in range(wipes):
        time.sleep(chance.uniform(0.1, 0.5))
        with redis.client() as client:
            client.flushall()
    sending.join()
    system.wait_until_decided()
    system.close_books("C5", "Redis flushed", faults=wipes)


def test_c5_a_redis_that_dies_and_comes_back_empty_loses_nothing(
    system: System, redis: RedisServer, run: Run
) -> None:
    worker = system.start_worker()
    system.wait_for_workers(1)
    deaths = run.of(1, 3, 50)
    recoveries = []
    for round_ in range(deaths):
        redis.kill()
        system.sender.send(tickets(20, prefix=f"without-{round_}"))
        recoveries.append(system.wait_until_decided())
        redis.start()
        system.sender.send(tickets(20, prefix=f"with-{round_}"))
    system.wait_until_decided()
    system.close_books("C5", "Redis killed, back empty", faults=deaths, recoveries=recoveries)
    assert worker.deaths == 0


def test_c6_a_redis_that_hangs_holds_up_neither_doors_nor_workers(
    system: System, redis: RedisServer, run: Run
) -> None:
    worker = system.start_worker()
    system.wait_for_workers(1)
    web = system.start_web()
    sender = web.sender()
    redis.signal(signal.SIGSTOP)
    try:
        for part in range(run.of(5, 30, 300)):
            sender.send(tickets(5, prefix=f"hung-{part}"))
        system.wait_until_decided()
    finally:
        redis.signal(signal.SIGCONT)
    system.close_books("C6", "Redis hangs", faults=1, recoveries=sender.took_s)
    assert worker.deaths == web.running.deaths == 0


@pytest.mark.short
def test_c7_a_redis_that_is_full_loses_nothing(system: System, redis: RedisServer) -> None:
    worker = system.start_worker()
    system.wait_for_workers(1)
    sender = system.start_web().sender()
    with redis.client() as client:
        client.config_set("maxmemory", "1")
        sender.send(tickets(50, prefix="full"))
        system.wait_until_decided()
        restarted = system.start_worker()  # one that meets a full Redis at its start
        sender.send(tickets(50, prefix="still-full"))
        client.config_set("maxmemory", "0")
    sender.send(tickets(50, prefix="free"))
    system.wait_until_decided()
    system.close_books("C7", "Redis out of memory", faults=1)
    assert worker.deaths == restarted.deaths == 0


@pytest.mark.short
def test_c8_a_failover_of_redis_loses_nothing(
    engine: Engine, postgres_url: str, redis: RedisServer, tmp_path: Path, run: Run
) -> None:
    (tmp_path / "replica").mkdir()
    replica = RedisServer(tmp_path / "replica")
    replica.start()
    with Proxy(("127.0.0.1", redis.port)) as proxy, replica.client() as client:
        urls = (postgres_url, f"redis://127.0.0.1:{proxy.port}/0")
        system = System(engine=engine, urls=urls, folder=tmp_path, seed=run.seed)
        try:
            client.replicaof("127.0.0.1", str(redis.port))
            _fail_over(system, redis, proxy, replica)
        finally:
            system.close()
            replica.kill()
            redis.start()  # for its fixture to end


def _fail_over(system: System, primary: RedisServer, proxy: Proxy, replica: RedisServer) -> None:
    system.install_model()
    for _ in range(2):
        system.start_worker()
    system.wait_for_workers(2)
    sending = _send_in_background(system, 400)
    time.sleep(0.3)
    primary.kill()
    with replica.client() as client:
        client.replicaof("NO", "ONE")
    proxy.target = ("127.0.0.1", replica.port)
    proxy.cut()
    sending.join()
    system.sender.send(tickets(20, prefix="after"))
    recovered = system.wait_until_decided()
    system.close_books("C8", "Redis fails over to a replica", faults=1, recoveries=[recovered])


def test_whole_tickets_put_on_redis_by_a_celery_producer_are_stored_and_decided(
    system: System, redis: RedisServer
) -> None:
    batch = tickets(120)
    system.ledger.note("sending", [ticket.id for ticket in batch])
    app = make_producer_app(redis.url, publish_timeout_s=1)
    objects = [ticket_object(ticket) for ticket in batch]
    submit(app, [*objects, {"id": "bad"}, 7], source="faults", per_message=50)  # type: ignore[list-item]
    app.close()
    system.ledger.note("accepted", [ticket.id for ticket in batch])
    system.start_worker()
    system.wait_for_workers(1)
    _wait_for_dead_letters(system.engine, 2)
    system.wait_until_decided()
    system.close_books("-", "whole tickets as Celery messages", faults=0)


def _wait_for_dead_letters(engine: Engine, count: int) -> None:
    def arrived() -> bool:
        with engine.connect() as connection:
            statement = text("SELECT count(*) FROM dead_letters")
            return bool(connection.execute(statement).scalar() == count)

    wait_until(arrived, timeout_s=60, what="refused submissions kept")
