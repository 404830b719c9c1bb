"""Real processes for tests: started with the given services, never left behind."""

import itertools
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path

_REPOSITORY = Path(__file__).parent.parent.parent


class Processes:
    """Starts our processes against a database and a Redis, each with a log of its own.

    Args:
        folder: where the logs go.
        environment: settings for each process, beside this one's environment.
    """

    def __init__(self, folder: Path, environment: Mapping[str, str]) -> None:
        self.folder = folder
        self._environment = {**os.environ, "OMP_NUM_THREADS": "1", **environment}
        self._started: list[subprocess.Popen[bytes]] = []
        self._numbers = itertools.count()

    def start(self, *arguments: str) -> subprocess.Popen[bytes]:
        """Runs `python ARGUMENTS` from the repository."""
        log = self.folder / f"{next(self._numbers):03}.log"
        with log.open("wb") as sink:
            process = subprocess.Popen(
                [sys.executable, *arguments],
                cwd=_REPOSITORY,
                env=self._environment,
                stdout=sink,
                stderr=subprocess.STDOUT,
            )
        self._started.append(process)
        return process

    def logs(self) -> str:
        """What all processes said, for a failing test's report."""
        return "\n".join(
            f"--- {log.name}\n{log.read_text(errors='replace')[-4000:]}"
            for log in sorted(self.folder.glob("*.log"))
        )

    def stop_all(self) -> None:
        """Kills what still runs."""
        for process in self._started:
            if process.poll() is None:
                process.send_signal(signal.SIGKILL)
        for process in self._started:
            process.wait()


def wait_until(
    holds: Callable[[], bool], *, timeout_s: float, what: str, seen: Callable[[], str] = str
) -> float:
    """Waits until something holds.

    Returns:
        How long that took, in seconds.
    """
    began = time.monotonic()
    while not holds():
        if time.monotonic() - began > timeout_s:
            raise AssertionError(f"{what}: not within {timeout_s} s\n{seen()}")
        time.sleep(0.02)
    return time.monotonic() - began
