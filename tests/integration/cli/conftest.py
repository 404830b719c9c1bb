"""The command line against the test's own database and Redis."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from cli.main import main

Run = Callable[..., tuple[int, Any]]


@pytest.fixture
def configured(
    postgres_url: str, redis_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Path:
    """The environment names the test's services; gives the state folder."""
    state = tmp_path / "state"
    monkeypatch.setenv("POINTSMAN_DATABASE_URL", postgres_url)
    monkeypatch.setenv("POINTSMAN_REDIS_URL", redis_url)
    monkeypatch.setenv("POINTSMAN_STATE_DIR", str(state))
    return state


@pytest.fixture
def run(configured: Path, capsys: pytest.CaptureFixture[str]) -> Run:
    """Runs `pointsman ARGUMENTS --json`; gives the exit status and the decoded result."""

    def run_command(*arguments: str) -> tuple[int, Any]:
        capsys.readouterr()
        status = main([*arguments, "--json"])
        lines = capsys.readouterr().out.splitlines()
        return status, json.loads(lines[-1]) if lines else None

    return run_command
