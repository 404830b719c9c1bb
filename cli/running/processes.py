"""The processes of a running instance: started, watched, restarted, and all stopped in the end.

There are no threads in here. Whoever owns a `Supervisor` calls `tick` several times a second,
from the thread that made it: Linux ends a child with the *thread* that started it
(`core.process`).
"""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from cli.running.interrupts import uninterrupted
from core.process import die_with_parent
from core.settings import Settings

STOP_GRACE_S = 3.0
_FIRST_DELAY_S = 0.2
_LONGEST_DELAY_S = 5.0
_SETTLED_AFTER_S = 30.0
_POLL_S = 0.02
_MAX_LOG_BYTES = 10 * 1024 * 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class Program:
    """A process to keep up: its name in logs, and what Python is to run."""

    name: str
    arguments: tuple[str, ...]


def worker(number: int, device: str) -> Program:
    """A worker on one device."""
    return Program(name=f"worker-{number}", arguments=("-m", "worker", "--device", device))


BEAT = Program(name="beat", arguments=("-m", "worker.beat"))
DELIVER = Program(name="deliver", arguments=("-m", "deliver"))
TRAINER = Program(name="trainer", arguments=("-m", "trainer"))
WEB = Program(name="web", arguments=("-m", "web"))


def child_environment(
    settings: Settings, *, database_url: str, redis_url: str, http_port: int
) -> dict[str, str]:
    """Our own environment, with the services and the port that the children are to use."""
    return {
        **os.environ,
        "POINTSMAN_DATABASE_URL": database_url,
        "POINTSMAN_REDIS_URL": redis_url,
        "POINTSMAN_STATE_DIR": str(settings.state_dir),
        "POINTSMAN_HTTP_PORT": str(http_port),
        "POINTSMAN_CONSOLE_GUEST": settings.console_guest,
        "PYTHONUNBUFFERED": "1",
    }


def restart_delay_s(deaths: int) -> float:
    """Seconds to wait after the n-th death in a row (n >= 1): 0.2 doubling up to 5."""
    return min(_LONGEST_DELAY_S, _FIRST_DELAY_S * 2.0 ** min(deaths - 1, 10))


def was_asked_to_stop(status: int) -> bool:
    """Whether an exit status says that somebody wanted the process to end: it stays ended."""
    return status in (0, -signal.SIGTERM)


class Supervisor:
    """Keeps programs running, each in a session of its own so that Ctrl-C reaches only us.

    Args:
        environment: of every child.
        logs: folder for one log file a program.
        clock: seconds that only grow.
    """

    def __init__(
        self,
        *,
        environment: Mapping[str, str],
        logs: Path,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._environment = dict(environment)
        self._logs = logs
        self._clock = clock
        self._children: list[_Child] = []
        logs.mkdir(parents=True, exist_ok=True)

    @property
    def any_left(self) -> bool:
        """Whether something runs or is to be started again."""
        return any(not child.ended for child in self._children)

    def log_path(self, program: Program) -> Path:
        """Where a program's output goes."""
        return self._logs / f"{program.name}.log"

    def start(self, program: Program) -> None:
        """Starts a program and keeps it up from now on."""
        _start_new_log(self.log_path(program))
        child = _Child(program, self._clock())
        self._children.append(child)
        child.process = self._spawn(program)

    def tick(self) -> list[str]:
        """Looks after the children once.

        Returns:
            What happened to whom, a line each; empty most of the time.
        """
        return [line for child in self._children if (line := self._look_after(child))]

    def stop(self) -> None:
        """Asks every child to end, and ends after three seconds those that have not."""
        with uninterrupted():
            processes = [child.process for child in self._children if child.process]
            for child in self._children:
                child.ended = True
            stop_processes(processes)

    def _look_after(self, child: "_Child") -> str | None:
        now = self._clock()
        if child.ended:
            return None
        if child.process is None:
            if now >= child.restart_at:
                child.started_at, child.process = now, self._spawn(child.program)
            return None
        status = child.process.poll()
        return None if status is None else child.died(status, now)

    def _spawn(self, program: Program) -> subprocess.Popen[bytes]:
        with self.log_path(program).open("ab") as log:
            return subprocess.Popen(
                [sys.executable, "-P", *program.arguments],
                env=self._environment,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                preexec_fn=die_with_parent,  # noqa: PLW1509  (we have no threads)
            )


class _Child:
    """One program's state: running, waiting to be started again, or ended for good."""

    def __init__(self, program: Program, now: float) -> None:
        self.program = program
        self.process: subprocess.Popen[bytes] | None = None
        self.started_at = now
        self.restart_at = now
        self.deaths = 0
        self.ended = False

    def died(self, status: int, now: float) -> str:
        """Notes the end of the process and what follows from it."""
        self.process = None
        if was_asked_to_stop(status):
            self.ended = True
            return f"{self.program.name} was stopped"
        self.deaths = 1 if now - self.started_at > _SETTLED_AFTER_S else self.deaths + 1
        delay_s = restart_delay_s(self.deaths)
        self.restart_at = now + delay_s
        return f"{self.program.name} ended ({_cause(status)}), starts again in {delay_s:.1f} s"


def stop_processes(processes: list[subprocess.Popen[bytes]]) -> None:
    """SIGTERM to each one's process group; SIGKILL to those still there after three seconds."""
    for process in processes:
        _signal_group(process, signal.SIGTERM)
    deadline = time.monotonic() + STOP_GRACE_S
    while time.monotonic() < deadline and any(process.poll() is None for process in processes):
        time.sleep(_POLL_S)
    for process in processes:
        _signal_group(process, signal.SIGKILL)
        process.wait()


def _signal_group(process: subprocess.Popen[bytes], number: signal.Signals) -> None:
    if process.poll() is None:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, number)


def _start_new_log(path: Path) -> None:
    """Keeps one older file once the current one is over 10 MB."""
    if path.exists() and path.stat().st_size > _MAX_LOG_BYTES:
        path.replace(path.with_suffix(".log.1"))


def _cause(status: int) -> str:
    return signal.Signals(-status).name if status < 0 else f"exit status {status}"
