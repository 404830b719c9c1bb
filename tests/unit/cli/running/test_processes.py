import os
import signal
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cli.running.processes import (
    Program,
    Supervisor,
    child_environment,
    restart_delay_s,
    was_asked_to_stop,
    worker,
)
from core.settings import Settings

_SLEEPS = ("-c", "import time; print('up', flush=True); time.sleep(60)")
_IGNORES_SIGTERM = (
    "-c",
    "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); "
    "print('up', flush=True); time.sleep(60)",
)


class _Clock:
    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> _Clock:
    return _Clock()


@pytest.fixture
def supervisor(tmp_path: Path, clock: _Clock) -> Iterator[Supervisor]:
    made = Supervisor(environment=dict(os.environ), logs=tmp_path, clock=clock)
    yield made
    made.stop()


def _started(supervisor: Supervisor, *arguments: str) -> Path:
    program = Program(name="child", arguments=arguments)
    supervisor.start(program)
    return supervisor.log_path(program)


def _wait_for(log: Path, times: int = 1) -> None:
    deadline = time.monotonic() + 20
    while log.read_text().count("up") < times:
        assert time.monotonic() < deadline
        time.sleep(0.01)


def _happened(supervisor: Supervisor) -> list[str]:
    deadline = time.monotonic() + 20
    while not (lines := supervisor.tick()):
        assert time.monotonic() < deadline
        time.sleep(0.01)
    return lines


@given(st.integers(min_value=1, max_value=10_000))
def test_restarts_wait_ever_longer_up_to_five_seconds(deaths: int) -> None:
    delay = restart_delay_s(deaths)
    assert 0.2 <= delay <= 5
    assert restart_delay_s(deaths + 1) in (delay * 2, 5)


def test_a_process_that_was_told_to_stop_stays_stopped() -> None:
    assert was_asked_to_stop(0)
    assert was_asked_to_stop(-signal.SIGTERM)
    assert not was_asked_to_stop(1)
    assert not was_asked_to_stop(-signal.SIGKILL)


def test_a_killed_process_is_started_again_after_its_delay(
    supervisor: Supervisor, clock: _Clock
) -> None:
    log = _started(supervisor, "-c", "import os; print('up', flush=True); os.kill(os.getpid(), 9)")
    assert _happened(supervisor) == ["child ended (SIGKILL), starts again in 0.2 s"]
    assert supervisor.tick() == []
    assert supervisor.any_left
    clock.now += 0.2
    supervisor.tick()
    assert _happened(supervisor) == ["child ended (SIGKILL), starts again in 0.4 s"]
    assert log.read_text().count("up") == 2


def test_a_process_that_ran_for_long_starts_again_without_delay_from_before(
    supervisor: Supervisor, clock: _Clock
) -> None:
    log = _started(supervisor, "-c", "import sys; print('up', flush=True); sys.exit(3)")
    for _ in range(3):
        _happened(supervisor)
        clock.now += 5
        supervisor.tick()
    _wait_for(log, times=4)
    clock.now += 31
    assert _happened(supervisor) == ["child ended (exit status 3), starts again in 0.2 s"]


def test_when_every_process_was_told_to_stop_none_is_left(supervisor: Supervisor) -> None:
    _started(supervisor, "-c", "")
    assert _happened(supervisor) == ["child was stopped"]
    assert not supervisor.any_left


def test_stopping_ends_every_process_within_seconds(supervisor: Supervisor) -> None:
    log = _started(supervisor, *_SLEEPS)
    _wait_for(log)
    began = time.monotonic()
    supervisor.stop()
    assert time.monotonic() - began < 3
    assert not supervisor.any_left


def test_a_process_that_will_not_stop_is_killed(
    supervisor: Supervisor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("cli.running.processes.STOP_GRACE_S", 0.2)
    log = _started(supervisor, *_IGNORES_SIGTERM)
    _wait_for(log)
    supervisor.stop()
    assert not supervisor.any_left


def test_children_are_told_where_the_services_are(tmp_path: Path) -> None:
    environment = child_environment(
        Settings(state_dir=tmp_path),
        database_url="postgresql://d",
        redis_url="redis://r",
        http_port=81,
    )
    assert environment["POINTSMAN_DATABASE_URL"] == "postgresql://d"
    assert environment["POINTSMAN_REDIS_URL"] == "redis://r"
    assert environment["POINTSMAN_HTTP_PORT"] == "81"
    assert environment["POINTSMAN_STATE_DIR"] == str(tmp_path)
    assert environment["PATH"] == os.environ["PATH"]


def test_a_worker_is_told_its_device() -> None:
    assert worker(2, "cuda:1") == Program(
        name="worker-2", arguments=("-m", "worker", "--device", "cuda:1")
    )
