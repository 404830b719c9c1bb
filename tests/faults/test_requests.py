"""Any request at all while Redis and PostgreSQL come and go: no 5xx but the declared 503."""

import signal
import threading
import time
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from random import Random

import pytest

from core.types import Role
from tests.factories.callers import a_secret
from tests.factories.postgres_server import PostgresServer
from tests.factories.redis_server import RedisServer
from tests.factories.schema_requests import CONFIG, UNLIMITED, ask_all
from tests.faults.clusters import cluster, migrated, system_on
from tests.faults.conftest import Run

_CHECKS = (
    "not_a_server_error",
    "status_code_conformance",
    "content_type_conformance",
    "response_schema_conformance",
)


@pytest.mark.short
@pytest.mark.timeout(3600)
def test_no_request_finds_a_5xx_but_the_declared_503_while_services_fail(
    roomy: Path, redis: RedisServer, tmp_path: Path, run: Run
) -> None:
    with ExitStack() as open_:
        postgres = open_.enter_context(cluster(roomy / "asked"))
        engine = open_.enter_context(migrated(postgres.url))
        system = open_.enter_context(system_on(engine, postgres.url, redis.url, tmp_path, run.seed))
        secret = a_secret(engine, Role.ADMIN)
        web = system.start_web(
            POINTSMAN_STATEMENT_TIMEOUT_S="2",
            **UNLIMITED,
        )
        during = open_.enter_context(Breaking(postgres, redis, run.chance("requests")))
        checks = f"--checks={','.join(_CHECKS)}"
        asked = ask_all(
            web.url,
            secret,
            run.of(1, 1, 50),
            "--phases=examples,fuzzing",
            checks,
            config=_allowing_503(tmp_path),
        )
        print(asked.requests, "requests during", during.faults, "faults")
        assert asked.faultless, f"{asked.report}\n{system.processes.logs()}"
        assert web.running.deaths == 0
        assert asked.requests > 100
        assert during.faults > run.of(2, 2, 50)


def _allowing_503(folder: Path) -> Path:
    """The checks, with 503 among the statuses that no request need be ashamed of."""
    changed = folder / "schemathesis.toml"
    expected = 'not_a_server_error.expected-statuses = ["2xx", "3xx", "4xx", "503"]'
    changed.write_text(CONFIG.read_text().replace("[checks]\n", f"[checks]\n{expected}\n"))
    return changed


class Breaking:
    """Breaks one service after the other and mends it, until the end of a `with` block.

    Attributes:
        faults: how many there were.
    """

    def __init__(self, postgres: PostgresServer, redis: RedisServer, chance: Random) -> None:
        self.faults = 0
        self._postgres, self._redis, self._chance = postgres, redis, chance
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._break)

    def __enter__(self) -> "Breaking":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join()

    def _break(self) -> None:
        faults: list[Callable[[], None]] = [self._crash, self._wipe, self._hang, self._fill]
        while not self._over.wait(self._chance.uniform(0.2, 1.0)):
            self._chance.choice(faults)()
            self.faults += 1

    def _crash(self) -> None:
        self._postgres.stop("immediate")
        time.sleep(self._chance.uniform(0, 1))
        self._postgres.start()

    def _wipe(self) -> None:
        self._redis.kill()
        time.sleep(self._chance.uniform(0, 1))
        self._redis.start()

    def _hang(self) -> None:
        self._redis.signal(signal.SIGSTOP)
        time.sleep(self._chance.uniform(0, 1))
        self._redis.signal(signal.SIGCONT)

    def _fill(self) -> None:
        with self._redis.client() as client:
            client.config_set("maxmemory", "1")
            time.sleep(self._chance.uniform(0, 1))
            client.config_set("maxmemory", "0")
