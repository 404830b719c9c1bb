"""A whole system to break: database, Redis of its own, a tiny model, workers that are restarted.

Three sizes (`--faults`): `lean` is part of every test run, `short` is `make faults`, `long` is
`make soak`. A seed (`--seed`) makes the schedule of faults; it stands in the report.
"""

import os
import random
import shutil
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest
from sqlalchemy import Engine

from broker.app import make_producer_app
from broker.embedded import free_port
from core.types import Role
from store.queue import workers
from tests.factories.artifacts import build_tiny_artifact
from tests.factories.callers import a_secret, bearer
from tests.factories.models import install
from tests.factories.processes import wait_until
from tests.factories.redis_server import RedisServer
from tests.faults.forks import Forks, Running
from tests.faults.invariants import Expected, Findings, check, undecided
from tests.faults.ledger import SOURCE, Ledger, Sender, WebSender, client_errors
from tests.faults.report import Outcome, outcome, table, write

SIZES = ("lean", "short", "long")
_DEFAULT_SEED = 20261122
_TIMEOUT_S = 30
_OUTCOMES: list[Outcome] = []


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--faults", choices=SIZES, default=SIZES[0], help="size of the fault suite")
    parser.addoption("--seed", type=int, default=_DEFAULT_SEED, help="of the schedule of faults")
    parser.addoption("--hours", type=float, default=1.0, help="how long the mixed faults go on")


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "short: from `make faults` on")
    config.addinivalue_line("markers", "long: in `make soak` only")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    too_big = SIZES[SIZES.index(_option(config, "--faults", SIZES[0])) + 1 :]
    left_out = [item for item in items if any(item.get_closest_marker(name) for name in too_big)]
    config.hook.pytest_deselected(items=left_out)
    items[:] = [item for item in items if item not in left_out]


def pytest_terminal_summary(terminalreporter: Any, config: pytest.Config) -> None:
    if not _OUTCOMES:
        return
    size, seed = _option(config, "--faults", SIZES[0]), _option(config, "--seed", _DEFAULT_SEED)
    terminalreporter.section(f"faults, size {size}, seed {seed}")
    terminalreporter.write_line(table(_OUTCOMES))
    for skipped in terminalreporter.stats.get("skipped", []):
        terminalreporter.write_line(f"NOT RUN: {skipped.nodeid}: {skipped.longrepr[2]}")
    if size != SIZES[0]:
        terminalreporter.write_line(f"written to {write(_OUTCOMES, size=size)}")


def _option(config: pytest.Config, name: str, default: Any) -> Any:
    """An option of ours; its default where this file was found too late to add options."""
    return config.getoption(name, default=default)


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """Size and seed of this run of the suite."""

    size: str
    seed: int
    hours: float

    def of(self, lean: int, short: int, long: int) -> int:
        """How many, by size."""
        return (lean, short, long)[SIZES.index(self.size)]

    def chance(self, scenario: str) -> random.Random:
        """The schedule of one scenario, the same for the same seed."""
        return random.Random(f"{self.seed} {scenario}")


@pytest.fixture
def run(pytestconfig: pytest.Config) -> Run:
    return Run(
        size=_option(pytestconfig, "--faults", SIZES[0]),
        seed=_option(pytestconfig, "--seed", _DEFAULT_SEED),
        hours=_option(pytestconfig, "--hours", 1.0),
    )


class System:
    """Workers on real services, with clients that keep a ledger."""

    def __init__(
        self, *, engine: Engine, urls: tuple[str, str], folder: Path, seed: int = _DEFAULT_SEED
    ) -> None:
        self.database_url, self.redis_url = urls
        self.engine = engine
        self.folder = folder
        environment = {
            "POINTSMAN_DATABASE_URL": self.database_url,
            "POINTSMAN_REDIS_URL": self.redis_url,
            "POINTSMAN_STATE_DIR": str(folder / "state"),
            "POINTSMAN_DEVICE": "cpu",
            "POINTSMAN_DEVICE_THREADS": "1",
            "POINTSMAN_BATCH_TICKETS": "32",
        }
        self.processes = Forks(folder, environment)
        self.ledger = Ledger(folder / "ledger.jsonl")
        self._producers = make_producer_app(self.redis_url, publish_timeout_s=0.5)
        self.sender = Sender(engine, self._producers, self.ledger)
        self._seed = seed
        self._running: list[RunningWorker] = []
        self._clients: list[httpx.Client] = []
        self._secret = ""

    def close(self) -> None:
        for worker in self._running:
            worker.stop()
        for client in self._clients:
            client.close()
        self.processes.stop_all()
        self.ledger.close()
        self._producers.close()

    def install_model(self, seed: int = 0) -> str:
        """Builds a model and makes it serve; gives its version."""
        artifact = build_tiny_artifact(self.folder / f"artifact-{seed}", seed=seed)
        install(self.engine, artifact)
        return artifact.version

    def start_worker(self, *options: str, **settings: str) -> "RunningWorker":
        start: Callable[..., Running] = self.processes.start
        return self._supervised("worker", options, settings, start)

    def execute_worker(self, *options: str, **settings: str) -> "RunningWorker":
        """By a fresh interpreter."""
        return self._supervised("worker", options, settings, self.processes.execute)

    def start_relay(self, **settings: str) -> "RunningWorker":
        """A relay that reaches receivers on this machine."""
        here = {"POINTSMAN_WEBHOOK_HTTP": "true", "POINTSMAN_WEBHOOK_NETWORKS": "127.0.0.0/8"}
        return self._supervised("deliver", (), {**here, **settings}, self.processes.start)

    def start_web(self, *options: str, **settings: str) -> "Web":
        settings = {"POINTSMAN_HTTP_PORT": str(free_port()), **settings}
        running = self._supervised("web", options, settings, self.processes.start)
        return Web(self, running, f"http://127.0.0.1:{settings['POINTSMAN_HTTP_PORT']}")

    def _supervised(
        self,
        entry: str,
        options: tuple[str, ...],
        settings: dict[str, str],
        start: Callable[..., Running],
    ) -> "RunningWorker":
        def again(first: bool) -> Running:
            kept = options if first else [x for x in options if not x.startswith("--failpoint")]
            return start(entry, *kept, **settings)

        running = RunningWorker(again)
        self._running.append(running)
        return running

    def client_of(self, url: str) -> httpx.Client:
        """A helpdesk called `faults`, which sends its tickets to a door."""
        self._secret = self._secret or a_secret(self.engine, Role.HELPDESK, name=SOURCE)
        client = httpx.Client(base_url=url, headers=bearer(self._secret), timeout=_TIMEOUT_S)
        self._clients.append(client)
        return client

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

    def close_books(
        self,
        scenario: str,
        what: str,
        *,
        faults: int,
        recoveries: Sequence[float] = (),
        expected: Expected | None = None,
    ) -> Findings:
        """Holds the ledger against the database, and reports; everything must have settled.

        Raises:
            AssertionError: a promise was broken.
        """
        findings = check(self.engine, self.ledger, expected)
        row = outcome(
            (scenario, what),
            findings,
            faults=faults,
            recoveries=recoveries,
            client_errors=client_errors(self.ledger),
            seed=self._seed,
        )
        _OUTCOMES.append(row)
        assert findings.are_none, f"{findings.broken}\n{self.processes.logs()}"
        return findings


class RunningWorker:
    """A process that is started again whenever it ends, as a supervisor would."""

    def __init__(self, start: Callable[[bool], Running]) -> None:
        self._start = start
        self._stopping = threading.Event()
        self.deaths = 0
        self.process = start(True)
        self._thread = threading.Thread(target=self._supervise, daemon=True)
        self._thread.start()

    def _supervise(self) -> None:
        while not self._stopping.is_set():
            if self.process.poll() is not None:
                self.deaths += 1
                self.process = self._start(False)
            time.sleep(0.02)

    def stop(self) -> None:
        """Looks after it no more."""
        self._stopping.set()
        self._thread.join()

    def end(self) -> None:
        """Looks after it no more, and kills it."""
        self.stop()
        self.process.kill()
        self.process.wait(30)


class Web:
    """A web process with a client that a helpdesk called `faults` holds."""

    def __init__(self, system: System, running: RunningWorker, url: str) -> None:
        self.running = running
        self.url = url
        self._system = system
        wait_until(self.answers, timeout_s=240, what="the web", seen=system.processes.logs)

    def answers(self) -> bool:
        try:
            return httpx.get(f"{self.url}/health/live", timeout=2).status_code == 200
        except httpx.TransportError:
            return False

    def client(self) -> httpx.Client:
        return self._system.client_of(self.url)

    def sender(self) -> WebSender:
        return WebSender(self.client(), self._system.ledger)


def not_here(reason: str) -> None:
    """Leaves a test out, loudly; where everything is supposed to be there it fails.

    Raises:
        Failed: under CI.
    """
    if os.environ.get("CI"):
        pytest.fail(reason)
    pytest.skip(reason)


@pytest.fixture
def system(
    engine: Engine, postgres_url: str, redis_url: str, tmp_path: Path, run: Run
) -> Iterator[System]:
    """A system with a model, and no worker yet."""
    made = System(engine=engine, urls=(postgres_url, redis_url), folder=tmp_path, seed=run.seed)
    made.install_model()
    yield made
    made.close()


@pytest.fixture
def redis(tmp_path: Path) -> Iterator[RedisServer]:
    """A server of the test's own."""
    server = RedisServer(tmp_path)
    server.start()
    yield server
    server.kill()


@pytest.fixture
def roomy(services_folder: Path) -> Iterator[Path]:
    """A folder that a cluster's owner may enter."""
    folder = services_folder / "clusters"
    folder.mkdir(mode=0o755)
    yield folder
    shutil.rmtree(folder)
