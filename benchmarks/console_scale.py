"""P14: how long the server takes for each page and list with up to 1,000,000 tickets.

One web application on embedded PostgreSQL and Redis, asked within its process by an admin who
signed in; hours that are over are counted, as the hourly sweep does. The peer is the same page with
the fewest tickets: what does not grow stays near 1. Beside the clock, which tells of all that runs
on a machine, stands the time that processors worked: ours, PostgreSQL's and the asking client's.
"""

import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from statistics import median
from typing import Any

from pydantic import SecretStr
from sqlalchemy import Connection, Engine, text
from starlette.testclient import TestClient

from benchmarks.console_fill import VERSIONS, fill, prepare
from benchmarks.cpu import cpu_s
from benchmarks.size import scaled
from broker.embedded import embedded_redis
from core.passwords import hash_password
from core.settings import Settings
from core.types import Role
from migrations.upgrade import upgrade
from store.access import people
from store.embedded import embedded_postgres
from store.engine import make_engine, transaction
from store.figures.hour_counts import count_hours
from web.access import ACCESS
from web.app import make_app
from web.console.departments.shown import key_of as department_key
from web.console.labels.shown import key_of as label_key

SIZES = tuple(scaled(size, 500) for size in (10_000, 100_000, 1_000_000))
LIMIT_MS = 300.0
_REPEATS = 5
_NAME, _WORD = "bench@example.com", "four unrelated words here"
_ONE = {
    "/tickets/": text("SELECT id FROM tickets ORDER BY id DESC LIMIT 1"),
    "/v1/tickets/": text("SELECT id FROM tickets ORDER BY id LIMIT 1"),
}
_LEFT_OUT = frozenset(
    ("/v1/audit/check", "/v1/audit/export", "/admin/audit/check", "/v1/stream", "/sign-in/oidc")
)
"""Doors without a parameter that read the whole log, never end, or lead to another site."""
_ASKED = (
    *("/?label=refund", "/?department=billing&order=arrival", "/review/bulk?n=50"),
    *(f"/labels/{label_key('refund')}", f"/labels/{label_key('refund')}/examples"),
    *(f"/departments/{department_key('billing')}", f"/models/{VERSIONS[0]}"),
    *("/v1/stats?by=label", "/v1/stats?by=day", "/v1/stats?by=label&language=en"),
    *("/v1/tickets?state=quarantined", "/v1/tickets?source=shop&external_id=t-77"),
    *("/v1/tickets?label=refund&language=de", "/v1/audit?actor=person-7", "/v1/audit?area=people"),
    *("/v1/audit?actor=nobody", "/v1/audit?subject=ruleset%2070"),
    "/v1/audit?until=2020-01-01T00:00:00Z",
)
"""What is asked beside them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Cost:
    """Of one answer, the median of some: milliseconds by the clock, and those that CPUs worked."""

    ms: float
    cpu_ms: float


def run() -> dict[str, Any]:
    """Fills an embedded database in steps and asks every page after each."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        folder.chmod(0o755)  # an embedded PostgreSQL started by root runs as another user
        with embedded_postgres(folder / "postgres") as url, embedded_redis(folder / "redis") as bus:
            engine = make_engine(url, pool_size=2, statement_timeout_s=600)
            upgrade(engine, months_ahead=1)
            prepare(engine)
            found = {}
            for low, high in zip((1, *SIZES), SIZES, strict=False):
                fill(engine, low, high)
                found[high] = asked(engine, url, bus)
            engine.dispose()
    return _result(found)


def asked(engine: Engine, database_url: str, redis_url: str) -> dict[str, Cost]:
    """What each page costs."""
    count(engine)
    pages = [*_doors(), *_ASKED, *(f"{path}{_first(engine, path)}" for path in _ONE)]
    with _signed_in(engine, database_url, redis_url) as client:
        return {_plain(page): _cost(client, page, engine) for page in pages}


def _doors() -> list[str]:
    """All without a parameter; some have nothing to show here, and say so."""
    read = {path for method, path in ACCESS if method == "GET" and "{" not in path}
    return sorted(read - _LEFT_OUT)


def count(engine: Engine) -> None:
    """Counts the hours that are over."""

    def bite(connection: Connection) -> int:
        return count_hours(connection, now=datetime.now(UTC), audit_share=0.02)

    while transaction(engine, bite):
        pass
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text("VACUUM ANALYZE"))


def _result(found: dict[int, dict[str, Cost]]) -> dict[str, Any]:
    few, many = found[SIZES[0]], found[SIZES[-1]]
    slowest = max(many, key=lambda page: many[page].ms)
    return {
        "id": "P14",
        "value": many[slowest].ms,
        "unit": f"ms ({slowest}; {many[slowest].cpu_ms} ms of CPU)",
        "peer": f"the same with {SIZES[0]:,} tickets",
        "peer_value": few[slowest].ms,
        "ratio": round(many[slowest].ms / few[slowest].ms, 2),
        "target": f"<= {LIMIT_MS:g} ms for every page and list with {SIZES[-1]:,} tickets",
        "met": many[slowest].ms <= LIMIT_MS,
        "detail": {
            page: {
                "ms": [found[size][page].ms for size in SIZES],
                "cpu_ms": [found[size][page].cpu_ms for size in SIZES],
            }
            for page in sorted(many, key=lambda page: many[page].ms)
        },
    }


@contextmanager
def _signed_in(engine: Engine, database_url: str, redis_url: str) -> Iterator[TestClient]:
    settings = Settings(
        database_url=SecretStr(database_url),
        redis_url=SecretStr(redis_url),
        requests_per_minute=0,
        log_level="WARNING",
    )
    transaction(engine, _let_in)
    with TestClient(make_app(settings)) as client:
        answer = client.post("/v1/sign-in", json={"name": _NAME, "password": _WORD})
        answer.raise_for_status()
        yield client


def _let_in(connection: Connection) -> None:
    people.ensure(connection, name=_NAME, role=Role.ADMIN, actor="benchmark")
    one = people.person_named(connection, _NAME)
    hashed = hash_password(_WORD, min_chars=1)
    people.set_password(connection, one, hashed, actor="benchmark")


def _cost(client: TestClient, page: str, engine: Engine) -> Cost:
    _get(client, page)
    times, worked = [], []
    for _ in range(_REPEATS):
        before, start = cpu_s(engine), time.perf_counter()
        _get(client, page)
        times.append(time.perf_counter() - start)
        worked.append(cpu_s(engine) - before)
    ms, cpu_ms = (round(1000 * median(each), 1) for each in (times, worked))
    return Cost(ms=ms, cpu_ms=cpu_ms)


def _get(client: TestClient, page: str) -> None:
    answer = client.get(page)
    if answer.is_server_error:
        answer.raise_for_status()


def _first(engine: Engine, path: str) -> str:
    return str(transaction(engine, lambda c: c.execute(_ONE[path]).scalar_one()))


def _plain(page: str) -> str:
    """Without the id of a ticket, which differs from run to run."""
    return next((f"{path}{{id}}" for path in _ONE if page.startswith(path)), page)
