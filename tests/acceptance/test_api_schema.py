"""Requests made from the API's description: no fault of ours, no answer that it does not tell.

`make fuzz-api` makes more than 20,000 of them, every boundary of every field among them.
"""

import os
import socket
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from sqlalchemy import Engine

from core.types import Role
from tests.factories.callers import a_secret
from tests.factories.processes import Processes, wait_until
from tests.factories.schema_requests import UNLIMITED, ask_all

EXAMPLES = os.environ.get("EXAMPLES")


@pytest.fixture
def web(postgres_url: str, redis_url: str, tmp_path: Path) -> Iterator[str]:
    """The address of a web process of its own."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    processes = Processes(
        tmp_path,
        {
            "POINTSMAN_DATABASE_URL": postgres_url,
            "POINTSMAN_REDIS_URL": redis_url,
            "POINTSMAN_HTTP_PORT": str(port),
            "POINTSMAN_STATE_DIR": str(tmp_path / "state"),
            **UNLIMITED,
        },
    )
    address = f"http://127.0.0.1:{port}"
    processes.start("-m", "web")
    try:
        wait_until(lambda: _answers(address), timeout_s=120, what="web", seen=processes.logs)
        yield address
    finally:
        processes.stop_all()


def _answers(address: str) -> bool:
    try:
        return httpx.get(f"{address}/health/live").status_code == 200
    except httpx.TransportError:
        return False


@pytest.mark.timeout(3600)
def test_no_request_breaks_the_api_or_its_description(web: str, engine: Engine) -> None:
    phases = [] if EXAMPLES else ["--phases=examples,fuzzing"]
    ran = ask_all(web, a_secret(engine, Role.ADMIN), int(EXAMPLES or 2), *phases)
    assert ran.faultless, ran.report
    print(ran.requests, "requests")
    assert ran.requests > (20_000 if EXAMPLES else 200)
