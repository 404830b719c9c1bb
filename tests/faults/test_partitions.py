"""C25: a network that is slow, in pieces, deaf in one direction, or cut."""

import threading
import time
from pathlib import Path

import pytest
from sqlalchemy import Engine

from tests.factories.processes import wait_until
from tests.factories.values import tickets
from tests.faults.conftest import Run, System
from tests.faults.invariants import undecided
from tests.faults.proxy import Proxy, place_of, through

_LEASE_S = "2"


def test_c25_a_worker_cut_off_from_postgres_loses_its_claims_and_nothing_else(
    engine: Engine, postgres_url: str, redis_url: str, tmp_path: Path, run: Run
) -> None:
    """Deaf first in one direction, then in the other, then reset, as a network gives up at last."""
    rounds = run.of(1, 1, 10)
    with Proxy(place_of(postgres_url)) as proxy:
        urls = (postgres_url, redis_url)
        system = System(engine=engine, urls=urls, folder=tmp_path, seed=run.seed)
        try:
            system.install_model()
            far = {"POINTSMAN_DATABASE_URL": through(proxy, postgres_url)}
            lease = {"POINTSMAN_LEASE_S": _LEASE_S}
            cut_off = system.start_worker("--slow-s=0.1", **far, **lease)
            system.wait_for_workers(1)
            recoveries = []
            for round_ in range(rounds):
                for way in ("up", "down"):
                    recoveries.append(_deaf(system, proxy, way, f"{way}{round_}", lease))
            assert cut_off.deaths == 0
            system.close_books(
                "C25", "worker cut off from PostgreSQL", faults=2 * rounds, recoveries=recoveries
            )
        finally:
            system.close()


def _deaf(system: System, proxy: Proxy, way: str, prefix: str, lease: dict[str, str]) -> float:
    system.sender.send(tickets(100, prefix=prefix))
    wait_until(lambda: undecided(system.engine) < 100, timeout_s=60, what="some decided")
    proxy.deaf = {way}
    began = time.monotonic()
    heir = system.start_worker(**lease)
    system.wait_until_decided()
    took = time.monotonic() - began
    heir.end()
    proxy.deaf = set()
    proxy.cut()
    system.sender.send(tickets(20, prefix=f"{prefix}-healed"))
    system.wait_until_decided()
    return took


@pytest.mark.short
def test_c25_a_worker_cut_off_from_redis_finds_its_work_by_looking(
    engine: Engine, postgres_url: str, redis_url: str, tmp_path: Path, run: Run
) -> None:
    with Proxy(place_of(redis_url)) as proxy:
        urls = (postgres_url, through(proxy, redis_url))
        system = System(engine=engine, urls=urls, folder=tmp_path, seed=run.seed)
        try:
            system.install_model()
            worker = system.start_worker()
            system.wait_for_workers(1)
            recoveries = []
            for way in ("up", "down"):
                proxy.deaf = {way}
                system.sender.send(tickets(50, prefix=way))
                recoveries.append(system.wait_until_decided())
                proxy.deaf = set()
                proxy.cut()
            system.sender.send(tickets(50, prefix="healed"))
            system.wait_until_decided()
            assert worker.deaths == 0
            system.close_books("C25", "all cut off from Redis", faults=2, recoveries=recoveries)
        finally:
            system.close()


@pytest.mark.short
def test_c25_a_door_cut_off_from_postgres_accepts_nothing_that_is_not_there(
    engine: Engine, postgres_url: str, redis_url: str, tmp_path: Path, run: Run
) -> None:
    """Answers that are lost on the way are asked for again; slow and sliced lines come first."""
    with Proxy(place_of(postgres_url), slice_bytes=7) as proxy:
        urls = (postgres_url, redis_url)
        system = System(engine=engine, urls=urls, folder=tmp_path, seed=run.seed)
        try:
            system.install_model()
            system.start_worker()
            web = system.start_web(POINTSMAN_DATABASE_URL=through(proxy, postgres_url))
            sender = web.sender()
            sender.send(tickets(5, prefix="sliced"))
            proxy.delay_s = 0.002
            sender.send(tickets(5, prefix="slow"))
            proxy.delay_s = 0.0
            for way in ("up", "down"):
                healing = threading.Timer(2, _heal, (proxy,))
                proxy.deaf = {way}
                healing.start()
                sender.send(tickets(5, prefix=way))
                healing.join()
            system.wait_until_decided()
            assert web.running.deaths == 0
            system.close_books(
                "C25", "door cut off from PostgreSQL", faults=2, recoveries=sender.took_s
            )
        finally:
            system.close()


def _heal(proxy: Proxy) -> None:
    proxy.deaf = set()
    proxy.cut()
