"""Our processes, forked from one that has imported everything: they start in milliseconds.

A worker spends seconds on importing torch before it does anything; a suite that kills hundreds of
them would measure little else. The process that forks them never runs any of our code.
"""

import importlib
import multiprocessing
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Mapping
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Protocol

_REPOSITORY = Path(__file__).parent.parent.parent
_FORKS = multiprocessing.get_context("forkserver")
_FORKS.set_forkserver_preload(
    [f"tests.faults.{name}" for name in ("root", "worker", "web", "trainer", "deliver")]
)
_LOCK = threading.Lock()  # multiprocessing looks after all children at each start


class Running(Protocol):
    """A process, as `subprocess.Popen` has it."""

    @property
    def pid(self) -> int: ...
    def poll(self) -> int | None: ...
    def wait(self, timeout: float | None = None) -> int: ...
    def send_signal(self, sig: int) -> None: ...
    def terminate(self) -> None: ...
    def kill(self) -> None: ...


class Fork:
    """A process of ours that was forked."""

    def __init__(self, process: BaseProcess) -> None:
        self._process = process
        assert process.pid is not None
        self.pid = process.pid

    def poll(self) -> int | None:
        with _LOCK:
            return self._process.exitcode

    def wait(self, timeout: float | None = None) -> int:
        if self.poll() is None:
            multiprocessing.connection.wait([self._process.sentinel], timeout)
        status = self.poll()
        if status is None:
            raise subprocess.TimeoutExpired(str(self.pid), timeout or 0)
        return status

    def send_signal(self, sig: int) -> None:
        if self.poll() is None:
            os.kill(self.pid, sig)

    def terminate(self) -> None:
        self.send_signal(signal.SIGTERM)

    def kill(self) -> None:
        self.send_signal(signal.SIGKILL)


class Forks:
    """Starts processes against a database and a Redis, each with a log of its own.

    Args:
        folder: where the logs go.
        environment: settings for each process, beside this one's environment.
    """

    def __init__(self, folder: Path, environment: Mapping[str, str]) -> None:
        self.folder = folder
        self.environment = {**os.environ, "OMP_NUM_THREADS": "1", **environment}
        self._started: list[Running] = []

    def start(self, entry: str, *arguments: str, **settings: str) -> Running:
        """Forks a process that runs `main(arguments)` of the module `tests.faults.ENTRY`."""
        log = self._log()
        environment = {**self.environment, **settings}
        process = _FORKS.Process(
            target=enter, args=(entry, list(arguments), environment, str(log)), daemon=True
        )
        with _LOCK:
            process.start()
        return self._keep(Fork(process))

    def execute(self, entry: str, *arguments: str, **settings: str) -> Running:
        """The same by a fresh interpreter, for what the dynamic linker reads at its start."""
        with self._log().open("wb") as sink:
            process = subprocess.Popen(
                [sys.executable, "-m", f"tests.faults.{entry}", *arguments],
                cwd=_REPOSITORY,
                env={**self.environment, **settings},
                stdout=sink,
                stderr=subprocess.STDOUT,
            )
        return self._keep(process)

    def logs(self) -> str:
        """What all processes said, for a failing test's report."""
        return "\n".join(
            f"--- {log.name}\n{log.read_text(errors='replace')[-4000:]}"
            for log in sorted(self.folder.glob("*.log"))[-8:]
        )

    def stop_all(self) -> None:
        """Kills what still runs."""
        for process in self._started:
            process.kill()
        for process in self._started:
            process.wait(30)

    def _keep(self, process: Running) -> Running:
        self._started.append(process)
        return process

    def _log(self) -> Path:
        return self.folder / f"{len(self._started):03}.log"


def enter(entry: str, arguments: list[str], environment: Mapping[str, str], log: str) -> None:
    """What a forked process does: its environment, its log, its work."""
    os.environ.clear()
    os.environ.update(environment)
    os.chdir(_REPOSITORY)
    sink = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
    os.dup2(sink, 1)
    os.dup2(sink, 2)
    sys.stdout = os.fdopen(1, "w", buffering=1, closefd=False)
    sys.stderr = os.fdopen(2, "w", buffering=1, closefd=False)
    signal.signal(signal.SIGINT, signal.default_int_handler)
    sys.exit(importlib.import_module(f"tests.faults.{entry}").main(arguments))
