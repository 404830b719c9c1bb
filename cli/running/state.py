"""The state folder: whose it is at the moment, and where the services inside it listen.

One process at a time owns a state folder. A running `demo` or `up` also says where its services
are, so that every other command finds them; whoever reads that finds nothing once it is gone.
"""

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

import psutil
from filelock import FileLock, Timeout

from core.errors import Invalid, StateLocked

LOCK = "lock"
OWNER = "owner.json"
SERVICES = "services.json"


@dataclass(frozen=True, slots=True, kw_only=True)
class Running:
    """Services that a living process keeps up.

    Attributes:
        pid: of the `demo` or `up` that started them.
        born: when that process was started, in seconds since 1970; tells a reused pid apart.
        database_url: with everything needed to log in.
        redis_url: likewise.
        console_url: where the web process answers; None when none was started.
    """

    pid: int
    born: float
    database_url: str
    redis_url: str
    console_url: str | None


@contextmanager
def locked(folder: Path) -> Iterator[None]:
    """Owns the folder while the context lasts; makes it if need be.

    Raises:
        StateLocked: another process owns it; the message names both.
        Invalid: the folder cannot be made or written.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        lock = FileLock(folder / LOCK)
        lock.acquire(timeout=0)
    except Timeout as error:
        raise StateLocked(_who_owns(folder)) from error
    except OSError as error:
        fix = "set it to a folder that you can write"
        raise Invalid("POINTSMAN_STATE_DIR", error.strerror or "cannot be used", fix) from error
    try:
        (folder / OWNER).write_text(json.dumps({"pid": os.getpid()}))
        yield
    finally:
        (folder / OWNER).unlink(missing_ok=True)
        lock.release()


@contextmanager
def announced(
    folder: Path, *, database_url: str, redis_url: str, console_url: str | None
) -> Iterator[None]:
    """Tells other commands about this process' services while the context lasts."""
    running = Running(
        pid=os.getpid(),
        born=psutil.Process().create_time(),
        database_url=database_url,
        redis_url=redis_url,
        console_url=console_url,
    )
    path = folder / SERVICES
    _write_private(path, json.dumps(asdict(running), indent=1))
    try:
        yield
    finally:
        path.unlink(missing_ok=True)


def running(folder: Path) -> Running | None:
    """The services that a living `demo` or `up` on this folder told about, if any."""
    try:
        found = Running(**json.loads((folder / SERVICES).read_text()))
        alive = psutil.Process(found.pid).create_time() == found.born
    except (OSError, ValueError, TypeError, psutil.Error):
        return None
    return found if alive else None


def _write_private(path: Path, content: str) -> None:
    """Writes passwords: appears whole, readable by its owner alone."""
    aside = path.with_suffix(".new")
    aside.unlink(missing_ok=True)
    descriptor = os.open(aside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w") as stream:
        stream.write(content)
    aside.replace(path)


def _who_owns(folder: Path) -> str:
    try:
        owner = f"process {json.loads((folder / OWNER).read_text())['pid']}"
    except (OSError, ValueError, KeyError, TypeError):
        owner = "another process"
    return (
        f"{owner} is using the state folder {folder}; stop it first, "
        "or set POINTSMAN_STATE_DIR to another folder"
    )
