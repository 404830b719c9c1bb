"""`up` as an operator runs it: processes that come back, and go when they are told to."""

import http.client
import json
import signal
import subprocess
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import psutil
import pytest

from tests.factories.commands import CommandLine, press_ctrl_c, stop
from tests.factories.processes import wait_until

_PATIENCE_S = 60.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Up:
    """A running `pointsman up --only web`."""

    process: subprocess.Popen[str]
    command_line: CommandLine
    console_url: str

    def web(self) -> list[psutil.Process]:
        return [p for p in self.command_line.processes() if p.cmdline()[-2:] == ["-m", "web"]]

    def is_ready(self) -> bool:
        address = urlsplit(self.console_url)
        connection = http.client.HTTPConnection(address.hostname or "", address.port, timeout=10)
        try:
            connection.request("GET", "/health/ready")
            return connection.getresponse().status == 200
        except OSError:
            return False
        finally:
            connection.close()


@pytest.fixture
def up() -> Iterator[Up]:
    with tempfile.TemporaryDirectory(prefix="pointsman-up-") as name:
        Path(name).chmod(0o755)
        command_line = CommandLine(state=Path(name) / "state")
        process = command_line.start("up", "--only", "web", "--json")
        try:
            assert process.stdout is not None
            url = json.loads(process.stdout.readline())["console_url"]
            made = Up(process=process, command_line=command_line, console_url=url)
            wait_until(made.is_ready, timeout_s=_PATIENCE_S, what="web ready")
            yield made
        finally:
            stop(process)
        assert command_line.wait_until_gone(10) == []


def test_a_killed_process_comes_back_by_itself(up: Up) -> None:
    (before,) = up.web()
    before.kill()
    wait_until(lambda: bool(up.web()) and up.is_ready(), timeout_s=_PATIENCE_S, what="web again")
    assert up.web() != [before]


def test_when_everything_was_told_to_stop_the_command_ends_too(up: Up) -> None:
    for web in up.web():
        web.terminate()
    _, err = up.process.communicate(timeout=_PATIENCE_S)
    assert up.process.returncode == 1
    assert "every process was stopped from outside" in err


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_it_stops_when_it_is_told_to(up: Up, number: signal.Signals) -> None:
    if number is signal.SIGINT:
        press_ctrl_c(up.process)
    else:
        up.process.send_signal(number)
    assert up.process.wait(_PATIENCE_S) == 0
    assert up.command_line.processes() == []
