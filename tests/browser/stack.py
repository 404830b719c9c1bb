"""Real processes for a browser: the web process, a worker with a tiny model, and a trainer."""

import socket
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx
from sqlalchemy import Engine, text

from store.engine import make_engine
from tests.browser.seed import Models, correct_some, remember, seed
from tests.factories.artifacts import build_tiny_encoder
from tests.factories.processes import Processes, wait_until

_LIMITS = ("REQUESTS", "TICKETS", "SIGN_INS")
_WORK = "SELECT count(*) FROM tickets WHERE state IN ('accepted', 'claimed')"


@dataclass(frozen=True, slots=True, kw_only=True)
class Stack:
    """What runs, and where; `settings` are those of its processes."""

    address: str
    engine: Engine
    models: Models
    folder: Path
    settings: Mapping[str, str]


@contextmanager
def running(database_url: str, redis_url: str, folder: Path) -> Iterator[Stack]:
    """The system on a migrated database, seeded, with every ticket decided and in review."""
    engine = make_engine(database_url, pool_size=2, statement_timeout_s=10)
    port = _free_port()
    settings = _settings(database_url, redis_url, folder, port)
    processes = Processes(folder, settings)
    address = f"http://127.0.0.1:{port}"
    try:
        models = seed(engine, folder)
        for program in ("web", "worker"):
            processes.start("-m", program)
        for what, holds in (("web", lambda: _answers(address)), ("work", lambda: _idle(engine))):
            wait_until(holds, timeout_s=60, what=what, seen=processes.logs)
        correct_some(engine)
        yield Stack(address=address, engine=engine, models=models, folder=folder, settings=settings)
    finally:
        processes.stop_all()
        engine.dispose()


@contextmanager
def trainer(stack: Stack) -> Iterator[Processes]:
    """A trainer with a past to learn from; what it makes waits for a person."""
    folder = stack.folder / "trainer"
    folder.mkdir()
    own = {
        "POINTSMAN_ENCODER": str(build_tiny_encoder(folder / "encoder")),
        "POINTSMAN_RETRAIN_PRESET": "fast",
        "POINTSMAN_PROMOTE": "manual",
    }
    processes = Processes(folder, {**stack.settings, **own})
    remember(stack.engine)
    try:
        processes.start("-m", "trainer")
        yield processes
    finally:
        processes.stop_all()


def _settings(database_url: str, redis_url: str, folder: Path, port: int) -> dict[str, str]:
    """With every ticket drawn for the audit, so that agents have plenty to review."""
    return {
        "POINTSMAN_DATABASE_URL": database_url,
        "POINTSMAN_REDIS_URL": redis_url,
        "POINTSMAN_HTTP_PORT": str(port),
        "POINTSMAN_STATE_DIR": str(folder / "state"),
        "POINTSMAN_DEVICE": "cpu",
        "POINTSMAN_DEVICE_THREADS": "1",
        "POINTSMAN_AUDIT_SHARE": "1",
        **{f"POINTSMAN_{what}_PER_MINUTE": "0" for what in _LIMITS},
    }


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    return port


def _answers(address: str) -> bool:
    try:
        return httpx.get(f"{address}/health/live").status_code == 200
    except httpx.TransportError:
        return False


def _idle(engine: Engine) -> bool:
    with engine.connect() as connection:
        return connection.execute(text(_WORK)).scalar() == 0
