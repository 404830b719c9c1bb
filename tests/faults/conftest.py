"""A whole system to break: database, Redis of its own, a tiny model, workers that are restarted."""

import subprocess
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import Engine

from broker.app import make_producer_app
from store import workers
from tests.factories.artifacts import build_tiny_artifact
from tests.factories.models import install
from tests.factories.processes import Processes, wait_until
from tests.faults.ledger import Ledger, Sender, undecided


class System:
    """Workers on real services, with a sender that keeps a ledger."""

    def __init__(self, *, engine: Engine, urls: tuple[str, str], folder: Path) -> None:
        database_url, redis_url = urls
        self.engine = engine
        self.folder = folder
        environment = {
            "POINTSMAN_DATABASE_URL": database_url,
            "POINTSMAN_REDIS_URL": redis_url,
            "POINTSMAN_DEVICE": "cpu",
            "POINTSMAN_DEVICE_THREADS": "1",
            "POINTSMAN_BATCH_TICKETS": "32",
        }
        self.processes = Processes(folder, environment)
        self.ledger = Ledger(folder / "ledger.jsonl")
        self._producers = make_producer_app(redis_url, publish_timeout_s=0.5)
        self.sender = Sender(engine, self._producers, self.ledger)
        self._running: list[RunningWorker] = []

    def close(self) -> None:
        for worker in self._running:
            worker.stop()
        self.processes.stop_all()
        self.ledger.close()
        self._producers.close()

    def install_model(self) -> None:
        install(self.engine, build_tiny_artifact(self.folder / "artifact"))

    def start_worker(self, *options: str) -> "RunningWorker":
        running = RunningWorker(self, options)
        self._running.append(running)
        return running

    def alive(self) -> list[workers.Worker]:
        with self.engine.connect() as connection:
            return [worker for worker in workers.workers(connection) if worker.alive]

    def wait_for_workers(self, count: int) -> None:
        wait_until(
            lambda: len(self.alive()) >= count,
            timeout_s=240,
            what=f"{count} workers alive",
            seen=self.processes.logs,
        )

    def wait_until_seen_dead(self, worker: int) -> None:
        """Waits until a killed worker's connection is gone, so that nobody counts it as a peer."""
        wait_until(
            lambda: worker not in {living.id for living in self.alive()},
            timeout_s=60,
            what=f"the death of worker {worker} seen",
        )

    def wait_until_decided(self, *, timeout_s: float = 240) -> float:
        return wait_until(
            lambda: undecided(self.engine) == 0,
            timeout_s=timeout_s,
            what="every ticket decided",
            seen=self.processes.logs,
        )


class RunningWorker:
    """A worker process that is started again whenever it ends, as a supervisor would."""

    def __init__(self, system: System, options: tuple[str, ...]) -> None:
        self._system = system
        self._options = options
        self._stopping = threading.Event()
        self.deaths = 0
        self.process = self._start()
        self._thread = threading.Thread(target=self._supervise, daemon=True)
        self._thread.start()

    def _start(self) -> subprocess.Popen[bytes]:
        options = (
            self._options
            if not self.deaths
            else tuple(option for option in self._options if not option.startswith("--failpoint"))
        )
        return self._system.processes.start("-m", "tests.faults.worker", *options)

    def _supervise(self) -> None:
        while not self._stopping.is_set():
            if self.process.poll() is not None:
                self.deaths += 1
                self.process = self._start()
            time.sleep(0.02)

    def stop(self) -> None:
        self._stopping.set()
        self._thread.join()


@pytest.fixture
def system(engine: Engine, postgres_url: str, redis_url: str, tmp_path: Path) -> Iterator[System]:
    """A system with a model, and no worker yet."""
    made = System(engine=engine, urls=(postgres_url, redis_url), folder=tmp_path)
    made.install_model()
    yield made
    made.close()
