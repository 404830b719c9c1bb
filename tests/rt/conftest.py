"""A Request Tracker 5 of Debian's, on a database of its own; skipped where it is not installed."""

import os
import shutil
import socket
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.factories.processes import wait_until

_SERVER = Path("/usr/share/request-tracker5/libexec/rt-server")
_CONFIG = Path("/etc/request-tracker5/RT_SiteConfig.d")
_DATABASE = Path("/var/lib/dbconfig-common/sqlite3/request-tracker5/rtdb")
PASSWORD = "secret-of-tests"
QUERY = {"fields[Queue]": "Name"}


@dataclass(frozen=True, kw_only=True)
class Tracker:
    """Where it answers."""

    url: str

    def asked(self, user: str, method: str, path: str, body: Any = None, **query: str) -> Any:
        """What its API answers to somebody."""
        answer = httpx.request(
            method,
            f"{self.url}/REST/2.0/{path}",
            json=body,
            params=query or None,
            auth=(user, PASSWORD),
            timeout=60,
        )
        assert answer.is_success, answer.text
        return answer.json()

    def ticket(self, id_: str) -> Any:
        """A ticket, with its queue's name."""
        return self.asked("ann", "GET", f"ticket/{id_}", **QUERY)

    def queue(self, id_: str) -> str:
        """Where a ticket lies."""
        return str(self.ticket(id_)["Queue"]["Name"])

    def labels(self, id_: str) -> set[str]:
        """Values of a ticket's field."""
        fields = self.ticket(id_)["CustomFields"]
        return {value for each in fields if each["name"] == "Labels" for value in each["values"]}

    def comments(self, id_: str) -> list[str]:
        """Who commented on a ticket."""
        done = self.asked("ann", "GET", f"ticket/{id_}/history", fields="Type,Creator")
        return [each["Creator"]["id"] for each in done["items"] if each["Type"] == "Comment"]


@pytest.fixture(scope="session")
def tracker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Tracker]:
    if not _SERVER.exists():
        pytest.skip("Request Tracker is not installed; see tests/rt/install.sh")
    folder, port = tmp_path_factory.mktemp("rt"), _free_port()
    environment = {**os.environ, "RT_SITE_CONFIG_DIR": str(_configured(folder, port))}
    subprocess.run(["perl", str(Path(__file__).parent / "setup.pl")], env=environment, check=True)
    with (folder / "log").open("wb") as log:
        server = subprocess.Popen(
            [str(_SERVER), "--port", str(port)], env=environment, stdout=log, stderr=log
        )
    try:
        found = Tracker(url=f"http://127.0.0.1:{port}")
        wait_until(lambda: _answers(found), timeout_s=120, what="Request Tracker answers")
        yield found
    finally:
        server.terminate()
        server.wait(30)


def _configured(folder: Path, port: int) -> Path:
    config, database = folder / "config", folder / "rtdb"
    shutil.copytree(_CONFIG, config)
    shutil.copy(_DATABASE, database)
    words = {
        "WebDomain": "127.0.0.1",
        "WebPort": port,
        "WebPath": "",
        "WebBaseURL": f"http://127.0.0.1:{port}",
        "DatabaseName": database,
        "MailCommand": "testfile",
    }
    lines = [f"Set(${name}, '{value}');" for name, value in words.items()]
    (config / "99-tests.pm").write_text("\n".join([*lines, "1;", ""]))
    return config


def _answers(tracker: Tracker) -> bool:
    try:
        return bool(tracker.asked("ann", "GET", "queues/all")["total"])
    except (httpx.HTTPError, AssertionError):
        return False


def _free_port() -> int:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return int(taken.getsockname()[1])
