"""`pointsman` as a real process, found again by the state folder that it was given."""

import json
import os
import signal
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil

SERVICE_VARIABLES = ("POINTSMAN_DATABASE_URL", "POINTSMAN_REDIS_URL")


@dataclass(frozen=True, slots=True, kw_only=True)
class Finished:
    """How a command ended."""

    status: int
    out: str
    err: str

    @property
    def result(self) -> Any:
        """The last line of stdout as JSON."""
        return json.loads(self.out.splitlines()[-1])


@dataclass(frozen=True, slots=True, kw_only=True)
class CommandLine:
    """Runs commands in an environment of their own.

    Attributes:
        state: the state folder.
        variables: to set; services whose URLs are left out are embedded.
    """

    state: Path
    variables: tuple[tuple[str, str], ...] = ()

    def run(self, *arguments: str, timeout_s: float = 240) -> Finished:
        """Runs `pointsman ARGUMENTS` to its end."""
        process = self.start(*arguments)
        try:
            out, err = process.communicate(timeout=timeout_s)
        finally:
            stop(process)
        return Finished(status=process.returncode, out=out, err=err)

    def start(self, *arguments: str) -> subprocess.Popen[str]:
        """Starts `pointsman ARGUMENTS` in a process group of its own, as a shell would."""
        return subprocess.Popen(
            [sys.executable, "-m", "cli", *arguments],
            env=self.environment(),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            encoding="utf-8",
            start_new_session=True,
        )

    def processes(self) -> list[psutil.Process]:
        """Every process that was started for this state folder and still runs."""
        return [process for process in psutil.process_iter() if self._is_ours(process)]

    def wait_until_gone(self, timeout_s: float) -> list[str]:
        """What is left of our processes after some seconds; [] when all are gone."""
        deadline = time.monotonic() + timeout_s
        while (left := self.processes()) and time.monotonic() < deadline:
            time.sleep(0.05)
        return [" ".join(process.cmdline())[:200] for process in left]

    def environment(self) -> dict[str, str]:
        """What a command finds set."""
        kept = {name: value for name, value in os.environ.items() if name not in SERVICE_VARIABLES}
        ours = {"POINTSMAN_STATE_DIR": str(self.state), "POINTSMAN_HTTP_PORT": "0"}
        return kept | ours | {"OMP_NUM_THREADS": "2"} | dict(self.variables)

    def _is_ours(self, process: psutil.Process) -> bool:
        try:
            if process.status() == psutil.STATUS_ZOMBIE:
                return False
            named = any(str(self.state) in part for part in process.cmdline())
            return named or process.environ().get("POINTSMAN_STATE_DIR") == str(self.state)
        except psutil.Error:
            return False


def wait_for_line(process: subprocess.Popen[str], words: str) -> None:
    """Reads what a process says up to a line with some words in it.

    Raises:
        AssertionError: it ended before.
    """
    assert process.stdout is not None
    said = []
    for line in process.stdout:
        said.append(line)
        if words in line:
            return
    raise AssertionError("".join(said))


def press_ctrl_c(process: subprocess.Popen[str]) -> None:
    """SIGINT to the foreground process group, as a terminal sends it."""
    os.killpg(process.pid, signal.SIGINT)


def stop(process: subprocess.Popen[str]) -> None:
    """Ends a process that a failing test left running."""
    if process.poll() is None:
        press_ctrl_c(process)
        try:
            process.wait(15)
        except subprocess.TimeoutExpired:
            process.kill()
    for stream in (process.stdout, process.stderr):
        if stream is not None:
            stream.close()
    process.wait()
