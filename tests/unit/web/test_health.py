import pytest
from fastapi import FastAPI
from starlette.testclient import TestClient

from web.health import Dependency, health_routes, overall


def _dependency(name: str, *, ok: bool, required: bool) -> Dependency:
    return Dependency(name=name, required=required, ok=ok, latency_ms=1.5, detail="x")


def _client(*, postgres: bool, redis: bool) -> TestClient:
    app = FastAPI()
    checks = [
        lambda: _dependency("postgres", ok=postgres, required=True),
        lambda: _dependency("redis", ok=redis, required=False),
    ]
    app.include_router(health_routes(checks))
    return TestClient(app)


@pytest.mark.parametrize(
    ("postgres", "redis", "code", "status"),
    [
        (True, True, 200, "ready"),
        (True, False, 200, "degraded"),
        (False, True, 503, "not ready"),
        (False, False, 503, "not ready"),
    ],
)
def test_readiness_needs_the_database_and_would_like_redis(
    postgres: bool, redis: bool, code: int, status: str
) -> None:
    answer = _client(postgres=postgres, redis=redis).get("/health/ready")
    assert (answer.status_code, answer.json()["status"]) == (code, status)
    assert answer.json()["dependencies"]["redis"] == {
        "ok": redis,
        "required": False,
        "latency_ms": 1.5,
        "detail": "x",
    }


def test_the_process_lives_whatever_is_away() -> None:
    assert _client(postgres=False, redis=False).get("/health/live").json() == {"status": "live"}


def test_nothing_missing_is_ready() -> None:
    assert overall([]) == "ready"
