import signal
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest
from sqlalchemy import text

from core.errors import Transient
from migrations.upgrade import upgrade
from store.embedded import embedded_postgres
from store.engine import make_engine, transaction
from tests.factories.processes import wait_until
from tests.factories.values import tickets
from tests.faults.conftest import System
from tests.faults.ledger import compare


@pytest.fixture
def system(redis_url: str, services_folder: Path, tmp_path: Path) -> Iterator[System]:
    """A system whose database may be killed: one of its own."""
    with embedded_postgres(services_folder / "to-be-killed") as url:
        engine = make_engine(url, pool_size=4, statement_timeout_s=10)
        upgrade(engine, months_ahead=1)
        made = System(engine=engine, urls=(url, redis_url), folder=tmp_path)
        made.install_model()
        yield made
        made.close()
        engine.dispose()


def test_every_connection_cut_in_mid_run_loses_and_doubles_nothing(system: System) -> None:
    """What clients see of an immediate restart: every backend gone at once, locks with them."""
    worker = system.start_worker()
    system.wait_for_workers(1)
    for round_ in range(5):
        system.sender.send(tickets(300, prefix=f"r{round_}"))
        time.sleep(0.05)
        _kill_backends(system)
    system.wait_until_decided()
    assert compare(system.engine, system.ledger).are_none
    assert worker.deaths == 0


def _kill_backends(system: System) -> None:
    """SIGKILL of one backend makes the postmaster reset all of them, as after a crash."""
    pid, started = _backend(system)
    psutil.Process(pid).send_signal(signal.SIGKILL)
    wait_until(
        lambda: _writer_started(system) not in (None, started), timeout_s=30, what="back again"
    )


def _backend(system: System) -> tuple[int, object]:
    """A backend of ours to kill, and when the server's background writer was started."""
    pid = transaction(system.engine, lambda c: c.execute(text("SELECT pg_backend_pid()")).scalar())
    assert pid is not None
    return int(pid), _writer_started(system)


def _writer_started(system: System) -> object:
    """It is started anew with every reset; None while the server is away."""
    statement = text(
        "SELECT backend_start FROM pg_stat_activity WHERE backend_type = 'background writer'"
    )
    try:
        return transaction(system.engine, lambda c: c.execute(statement).scalar())
    except Transient:
        return None
