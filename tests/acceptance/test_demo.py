"""The demo on the sample shop, as a newcomer runs it: real processes, embedded services."""

import http.client
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from cli.running.state import running
from tests.factories.commands import CommandLine, press_ctrl_c, stop, wait_for_line
from tests.factories.egress import Egress

TICKETS = 60
STOPPED_WITHIN_S = 5.0


@pytest.fixture(scope="module")
def egress(tmp_path_factory: pytest.TempPathFactory) -> Egress:
    return Egress(tmp_path_factory.mktemp("egress"))


@pytest.fixture(scope="module")
def pointsman(egress: Egress) -> Iterator[CommandLine]:
    """One state folder for all tests here, so that the model is trained once."""
    with tempfile.TemporaryDirectory(prefix="pointsman-demo-") as name:
        Path(name).chmod(0o755)
        watched = tuple(egress.environment.items())
        command_line = CommandLine(state=Path(name) / "state", variables=watched)
        yield command_line
        assert command_line.wait_until_gone(10) == []


@pytest.fixture(scope="module")
def first(pointsman: CommandLine) -> dict[str, object]:
    """The summary of the first run, which trains."""
    done = pointsman.run("demo", "--exit", "--json", "--tickets", str(TICKETS), timeout_s=280)
    assert done.status == 0, done.err
    summary: dict[str, object] = done.result
    return summary


@contextmanager
def staying(pointsman: CommandLine) -> Iterator[subprocess.Popen[str]]:
    """A demo that has told its summary and stays up."""
    process = pointsman.start("demo", "--tickets", "20")
    try:
        wait_for_line(process, "Ctrl-C stops everything")
        assert process.poll() is None
        yield process
    finally:
        stop(process)


def _get(url: str, path: str) -> tuple[int, str]:
    address = urlsplit(url)
    connection = http.client.HTTPConnection(address.hostname or "", address.port, timeout=10)
    connection.request("GET", path, headers={"accept": "text/html"})  # as a browser does
    answer = connection.getresponse()
    content = answer.read().decode()
    connection.close()
    return answer.status, content


def test_every_ticket_is_decided_once_by_the_model(first: dict[str, object]) -> None:
    assert first["tickets_sent"] == first["decided"] == TICKETS
    assert first["lost"] == first["duplicate_decisions"] == 0
    assert first["by_rung"] == {"model": TICKETS}
    departments = first["by_department"]
    assert isinstance(departments, dict)
    assert sum(departments.values()) == TICKETS
    assert len(departments) > 3


def test_the_model_is_worth_something_and_no_less_than_the_linear_one(
    first: dict[str, object],
) -> None:
    macro, linear = first["macro_f1"], first["linear_macro_f1"]
    assert isinstance(macro, float)
    assert isinstance(linear, float)
    assert macro > 0.3
    assert macro >= linear


def test_nothing_leaves_the_machine(first: dict[str, object], egress: Egress) -> None:
    """Models are trained and served, tickets come and go; what is watched is seen to be."""
    assert first["decided"] == TICKETS
    assert egress.tried() == []
    call = "import socket; socket.create_connection(('192.0.2.1', 9))"
    tried = subprocess.run(
        [sys.executable, "-c", call],
        env={**os.environ, **egress.environment},
        capture_output=True,
        check=False,
    )
    assert tried.returncode == 1
    assert len(egress.tried()) == 1
    egress.forget()


def test_a_second_run_takes_the_model_from_the_cache(
    pointsman: CommandLine, first: dict[str, object]
) -> None:
    done = pointsman.run("demo", "--exit", "--json", "--tickets", str(TICKETS))
    assert "from the cache" in done.err
    assert done.result["decided"] == TICKETS
    assert done.result["model_version"] == first["model_version"]


@pytest.fixture(scope="class")
def demo(pointsman: CommandLine, first: dict[str, object]) -> Iterator[subprocess.Popen[str]]:
    with staying(pointsman) as process:
        yield process


class TestWhileItStaysUp:
    def test_people_have_worked_here_before(
        self, pointsman: CommandLine, demo: subprocess.Popen[str]
    ) -> None:
        found = running(pointsman.state)
        assert found is not None
        assert found.console_url is not None
        for path, words in (
            ("/rules/history", "it does, on Mondays"),
            ("/training", "the first model"),
            ("/models", "there is none to compare with"),
        ):
            assert words in _get(found.console_url, path)[1], path

    def test_the_page_shows_what_was_decided(
        self, pointsman: CommandLine, demo: subprocess.Popen[str]
    ) -> None:
        found = running(pointsman.state)
        assert found is not None
        assert found.console_url is not None
        status, page = _get(found.console_url, "/")
        assert (status, page.count('class="card')) == (200, 60)
        assert _get(found.console_url, "/health/ready")[0] == 200
        assert 'device="cpu"' in _get(found.console_url, "/metrics")[1]

    def test_other_commands_find_its_services(
        self, pointsman: CommandLine, demo: subprocess.Popen[str], samples: Path
    ) -> None:
        sent = pointsman.run("tickets", "send", str(samples / "tickets.jsonl"), "--wait", "--json")
        assert (sent.status, sent.result["created"]) == (0, 480)
        shown = pointsman.run("tickets", "show", "sample-0001", "--json")
        assert shown.result["decision"]["trace"]
        assert pointsman.run("doctor", "--json").result["ok"]

    def test_a_second_instance_on_its_folder_is_refused(
        self, pointsman: CommandLine, demo: subprocess.Popen[str]
    ) -> None:
        for command in ("demo", "up"):
            refused = pointsman.run(command)
            assert refused.status == 1
            who = f"process {demo.pid} is using the state folder {pointsman.state}"
            assert who in refused.err


def test_ctrl_c_leaves_nothing_behind_within_five_seconds(
    pointsman: CommandLine, first: dict[str, object]
) -> None:
    with staying(pointsman) as demo:
        assert len(pointsman.processes()) > 4
        began = time.monotonic()
        press_ctrl_c(demo)
        demo.wait(30)
        took_s = time.monotonic() - began
        assert pointsman.processes() == []
    assert demo.returncode == 0
    assert took_s < STOPPED_WITHIN_S
    assert not {"services.json", "owner.json"} & {path.name for path in pointsman.state.iterdir()}


@pytest.mark.parametrize("after_s", [0.5, 1.5, 3.0, 6.0])
def test_ctrl_c_at_any_moment_leaves_nothing_behind(
    pointsman: CommandLine, first: dict[str, object], after_s: float
) -> None:
    process = pointsman.start("demo")
    time.sleep(after_s)
    began = time.monotonic()
    press_ctrl_c(process)
    process.communicate(timeout=30)
    assert time.monotonic() - began < STOPPED_WITHIN_S
    assert process.returncode == 130
    assert pointsman.processes() == []


def test_after_kill_9_the_next_run_takes_everything_over(
    pointsman: CommandLine, first: dict[str, object]
) -> None:
    with staying(pointsman) as demo:
        demo.kill()
        demo.wait()
    done = pointsman.run("demo", "--exit", "--json", "--tickets", "10")
    assert (done.status, done.result["decided"]) == (0, 10), done.err
    assert pointsman.wait_until_gone(5) == []
