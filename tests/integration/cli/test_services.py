import os
from pathlib import Path

import psutil
import pytest
import redis
from sqlalchemy import text

import cli.running.services
from cli.main import main
from cli.running.services import connected, services
from cli.running.state import announced, locked
from core.errors import StateLocked
from core.settings import Settings

_URLS = {"database_url": "postgresql://d", "redis_url": "redis://r", "console_url": "http://c"}


def _settings(folder: Path) -> Settings:
    return Settings(state_dir=folder, database_url=None, redis_url=None)


def test_a_command_brings_its_own_services_and_takes_them_away(
    services_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("DATABASE_URL", "REDIS_URL"):
        monkeypatch.delenv(f"POINTSMAN_{name}", raising=False)
    monkeypatch.setenv("POINTSMAN_STATE_DIR", str(services_folder / "state"))
    before = set(psutil.Process().children(recursive=True))
    with connected() as here:
        with here.engine.connect() as connection:
            assert connection.execute(text("SELECT count(*) FROM tickets")).scalar() == 0
        with redis.Redis.from_url(here.services.redis_url) as client:
            assert client.ping()
        ours = set(psutil.Process().children(recursive=True)) - before
        assert ours
    assert not [process for process in ours if process.is_running()]
    assert sorted(path.name for path in (services_folder / "state").iterdir()) == [
        "lock",
        "postgres",
        "redis",
    ]


def test_the_services_of_a_running_instance_are_used(tmp_path: Path) -> None:
    with locked(tmp_path), announced(tmp_path, **_URLS), services(_settings(tmp_path)) as found:
        assert found.database_url == "postgresql://d"
        assert found.console_url == "http://c"


def test_configured_services_win_over_a_running_instance(
    configured: Path, postgres_url: str
) -> None:
    with locked(configured), announced(configured, **_URLS), connected() as here:
        assert here.services.database_url == postgres_url
        assert here.services.console_url == "http://c"


def test_a_folder_that_stays_owned_is_refused_by_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cli.running.services, "_WAIT_FOR_OWNER_S", 0.2)
    refused = pytest.raises(StateLocked, match=f"process {os.getpid()}.*{tmp_path}")
    with locked(tmp_path), refused, services(_settings(tmp_path)):
        raise AssertionError


def test_a_second_instance_on_one_folder_is_refused(
    configured: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with locked(configured):
        assert main(["up"]) == 1
    assert f"process {os.getpid()} is using the state folder" in capsys.readouterr().err


def test_an_instance_does_not_run_on_an_old_schema(
    configured: Path,
    empty_database_url: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setenv("POINTSMAN_DATABASE_URL", empty_database_url)
    assert main(["up"]) == 2
    assert "run `pointsman migrate`" in capsys.readouterr().err
