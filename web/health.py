"""`/health/live` and `/health/ready`: whether the process runs, and whether it can do its work.

PostgreSQL must be there. Redis need not: tickets are accepted and decided without it, only later
by up to the workers' polling interval, so its absence degrades and does not take us out.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

from fastapi import APIRouter
from sqlalchemy import Engine
from starlette.responses import JSONResponse

import broker.health
import store.health
from core.errors import PointsmanError

Status = Literal["ready", "degraded", "not ready"]
_REDIS_TIMEOUT_S = 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Dependency:
    """One thing that this process needs, asked just now.

    Attributes:
        required: whether nothing works without it.
        ok: whether it answered as it should.
        latency_ms: until it answered or failed.
        detail: its version, or what is wrong.
    """

    name: str
    required: bool
    ok: bool
    latency_ms: float
    detail: str

    def as_object(self) -> dict[str, Any]:
        """JSON-ready."""
        return {
            "ok": self.ok,
            "required": self.required,
            "latency_ms": self.latency_ms,
            "detail": self.detail,
        }


Check = Callable[[], Dependency]


def overall(dependencies: list[Dependency]) -> Status:
    """The worst of what is missing."""
    if any(dependency.required and not dependency.ok for dependency in dependencies):
        return "not ready"
    return "ready" if all(dependency.ok for dependency in dependencies) else "degraded"


def health_routes(checks: list[Check]) -> APIRouter:
    """Both routes; `checks` are asked anew for each request."""
    routes = APIRouter(prefix="/health", tags=["health"])

    @routes.get("/live")
    def live() -> dict[str, str]:
        return {"status": "live"}

    @routes.get("/ready")
    def ready() -> JSONResponse:
        dependencies = [check() for check in checks]
        status = overall(dependencies)
        body = {
            "status": status,
            "dependencies": {each.name: each.as_object() for each in dependencies},
        }
        return JSONResponse(body, status_code=503 if status == "not ready" else 200)

    return routes


def postgres_check(engine: Engine) -> Check:
    """Asks PostgreSQL for its version and whether our tables are there."""

    def ask() -> tuple[bool, str]:
        found = store.health.probe(engine)
        if not found.migrated:
            return False, "has no schema; run `pointsman migrate`"
        return True, f"PostgreSQL {found.version}"

    return lambda: _timed("postgres", ask, required=True)


def redis_check(url: str) -> Check:
    """Asks Redis for its version."""

    def ask() -> tuple[bool, str]:
        return True, f"Redis {broker.health.probe(url, timeout_s=_REDIS_TIMEOUT_S).version}"

    return lambda: _timed("redis", ask, required=False)


def _timed(name: str, ask: Callable[[], tuple[bool, str]], *, required: bool) -> Dependency:
    start = time.perf_counter()
    try:
        ok, detail = ask()
    except PointsmanError as error:
        ok, detail = False, str(error)
    latency_ms = round((time.perf_counter() - start) * 1000, 2)
    return Dependency(name=name, required=required, ok=ok, latency_ms=latency_ms, detail=detail)
