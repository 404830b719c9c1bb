"""Each command of `docker-compose.yml`, run without Docker: it starts, works and ends in time."""

import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
import redis
import yaml
from sqlalchemy import create_engine, text

from tests.factories.processes import Processes, wait_until

_FILE = Path(__file__).parents[2] / "docker-compose.yml"
_SERVICES: dict[str, dict[str, Any]] = yaml.safe_load(_FILE.read_text())["services"]
_OURS = {
    name: service
    for name, service in _SERVICES.items()
    if service["image"].startswith("pointsman:") and "gpu" not in service.get("profiles", ())
}
_LASTING = sorted(_OURS.keys() - {"migrate"})
_GRACE_S = 10.0
"""What Docker gives a service that names no `stop_grace_period`."""
_PORT = "18973"


@pytest.fixture
def processes(tmp_path: Path, postgres_url: str, redis_url: str) -> Iterator[Processes]:
    """With variables in place of those that Compose fills in; beat has something to say at once."""
    made = Processes(
        tmp_path,
        {
            "POINTSMAN_DATABASE_URL": postgres_url,
            "POINTSMAN_REDIS_URL": redis_url,
            "POINTSMAN_LOG_FORMAT": _environment()["POINTSMAN_LOG_FORMAT"],
            "POINTSMAN_SESSION_COOKIE_SECURE": "false",
            "POINTSMAN_STATE_DIR": str(tmp_path / "state"),
            "POINTSMAN_HTTP_PORT": _PORT,
            "POINTSMAN_ALIVE_FILE": str(tmp_path / "alive"),
            "POINTSMAN_RETRAIN_CHECK_INTERVAL_S": "1",
        },
    )
    yield made
    made.stop_all()


def _environment() -> dict[str, str]:
    environment: dict[str, str] = _OURS["web"]["environment"]
    return environment


def _start(processes: Processes, name: str) -> "subprocess.Popen[bytes]":
    program, *arguments = _OURS[name]["command"]
    if program == "pointsman":
        return processes.start("-m", "cli", *arguments)
    return processes.start(*arguments)


def _clients(url: str) -> int:
    with redis.Redis.from_url(url) as client:
        return len(client.client_list())


def _is_healthy(name: str, folder: Path) -> bool:
    """By the service's own health check, with the file where it is here."""
    _, program, *arguments, _ = _OURS[name]["healthcheck"]["test"]
    assert program == "python"
    file = str(folder / "alive")
    return subprocess.run([sys.executable, *arguments, file], check=False).returncode == 0


def _is_alive(url: str) -> bool:
    try:
        return httpx.get(f"{url}/health/live", timeout=2).status_code == 200
    except httpx.TransportError:
        return False


def test_migrate_brings_the_schema_to_its_newest_and_ends(
    processes: Processes, postgres_url: str
) -> None:
    process = _start(processes, "migrate")
    assert process.wait(60) == 0, processes.logs()
    engine = create_engine(postgres_url.replace("postgresql://", "postgresql+psycopg://"))
    with engine.connect() as connection:
        assert connection.execute(text("SELECT count(*) FROM alembic_version")).scalar() == 1
    engine.dispose()


@pytest.mark.parametrize("name", _LASTING)
def test_a_service_starts_and_ends_within_its_grace(
    processes: Processes, redis_url: str, tmp_path: Path, name: str
) -> None:
    before = _clients(redis_url)
    process = _start(processes, name)

    def works() -> bool:
        assert process.poll() is None, processes.logs()
        if name == "web":
            return _is_alive(f"http://127.0.0.1:{_PORT}")
        return _clients(redis_url) > before and _is_healthy(name, tmp_path)

    wait_until(works, timeout_s=90, what=name, seen=processes.logs)
    process.send_signal(signal.SIGTERM)
    grace = float(str(_OURS[name].get("stop_grace_period", f"{_GRACE_S}s")).removesuffix("s"))
    # uvicorn shuts down and then ends by the signal itself
    assert process.wait(grace) in (0, -signal.SIGTERM), processes.logs()
