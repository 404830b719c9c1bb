"""C26: faults of all kinds, hour after hour, from one seeded schedule; nothing may pile up."""

import itertools
import os
import signal
import time
from pathlib import Path
from random import Random

import psutil
import pytest
from sqlalchemy import Engine

from tests.factories.artifacts import build_tiny_artifact
from tests.factories.models import activate, register
from tests.factories.redis_server import RedisServer
from tests.factories.values import tickets
from tests.faults.conftest import Run, System, Web
from tests.faults.ledger import WebSender

_ROUND_S = 20
_MOST_GROWTH = 1.5


@pytest.mark.long
@pytest.mark.timeout(0)
def test_c26_mixed_faults_for_hours_lose_nothing_and_let_nothing_grow(
    engine: Engine, postgres_url: str, redis: RedisServer, tmp_path: Path, run: Run
) -> None:
    system = System(engine=engine, urls=(postgres_url, redis.url), folder=tmp_path, seed=run.seed)
    try:
        versions = [system.install_model()]
        other = build_tiny_artifact(tmp_path / "other", seed=5)
        register(engine, other)
        versions.append(other.version)
        for _ in range(3):
            system.start_worker()
        system.wait_for_workers(3)
        web = system.start_web()
        hours = _Hours(system, web, redis, versions, run.chance("C26"))
        hours.go_on(run.hours * 3600)
        system.wait_until_decided()
        system.close_books("C26", f"mixed faults for {run.hours:g} h", faults=hours.faults)
    finally:
        system.close()


class _Hours:
    """Rounds of load with one fault each."""

    def __init__(
        self,
        system: System,
        web: Web,
        redis: RedisServer,
        versions: list[str],
        chance: Random,
    ) -> None:
        self._system = system
        self._web = web
        self._redis = redis
        self._versions = versions
        self._chance = chance
        self.faults = 0

    def go_on(self, seconds: float) -> None:
        deadline, sender = time.monotonic() + seconds, self._web.sender()
        sizes = []
        while time.monotonic() < deadline:
            self._chance.choice((self._kill, self._pause, self._wipe, self._swap))()
            self.faults += 1
            self._load(sender, until=min(deadline, time.monotonic() + _ROUND_S))
            sizes.append(self._web_size())
        self._must_not_grow(sizes)

    def _load(self, sender: WebSender, *, until: float) -> None:
        for part in itertools.count():
            sender.send(tickets(10, prefix=f"h{self.faults}-{part}"))
            time.sleep(self._chance.uniform(0, 0.4))
            if time.monotonic() > until:
                return

    def _must_not_grow(self, sizes: list[tuple[int, int, int]]) -> None:
        """The most that the second half of the time took, against the first."""
        half = len(sizes) // 2
        for name, *values in zip(("memory", "files", "keys"), *sizes, strict=True):
            assert max(values[half:]) <= _MOST_GROWTH * max(values[:half]), (name, values)

    def _kill(self) -> None:
        victim = self._chance.choice(self._system.alive())
        os.kill(victim.pid, signal.SIGKILL)

    def _pause(self) -> None:
        victim = self._chance.choice(self._system.alive())
        os.kill(victim.pid, signal.SIGSTOP)
        time.sleep(self._chance.uniform(0.5, 3))
        os.kill(victim.pid, signal.SIGCONT)

    def _wipe(self) -> None:
        with self._redis.client() as client:
            client.flushall()

    def _swap(self) -> None:
        activate(self._system.engine, self._chance.choice(self._versions))

    def _web_size(self) -> tuple[int, int, int]:
        """Memory and open files of the door, and keys in Redis."""
        process = psutil.Process(self._web.running.process.pid)
        with self._redis.client() as client:
            return process.memory_info().rss, process.num_fds(), 1 + int(client.dbsize())
