"""P14: how long the server takes for each first page with 10,000, 100,000 and 1,000,000 tickets.

One web application on embedded PostgreSQL and Redis, asked within its process by an admin who
signed in; hours that are over are counted, as the hourly sweep does. The peer is the same page with
the fewest tickets: what does not grow stays near 1.
"""

import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from pydantic import SecretStr
from sqlalchemy import Connection, Engine, text
from starlette.testclient import TestClient

from benchmarks.console_fill import VERSIONS, fill, prepare
from broker.embedded import embedded_redis
from core.passwords import hash_password
from core.settings import Settings
from core.types import Role
from migrations.upgrade import upgrade
from store import people
from store.embedded import embedded_postgres
from store.engine import make_engine, transaction
from store.hour_counts import count_hours
from web.app import make_app

SIZES = (10_000, 100_000, 1_000_000)
LIMIT_MS = 300.0
_REPEATS = 5
_NAME, _WORD = "bench@example.com", "four unrelated words here"
_ONE = {
    "/tickets/": text("SELECT id FROM tickets ORDER BY id DESC LIMIT 1"),
    "/v1/tickets/": text("SELECT id FROM tickets ORDER BY id LIMIT 1"),
}
_PAGES = (
    *("/", "/board", "/?label=refund", "/?department=billing&order=arrival", "/live/day"),
    *("/review", "/review/bulk?n=50", "/rules/desk", "/rules/history", "/rules/suggestions/found"),
    *("/labels", "/labels/table", "/departments", "/departments/table"),
    *("/models", f"/models/{VERSIONS[0]}", "/training"),
    *("/health", "/health/now", "/health/figures", "/admin/audit"),
    *("/v1/stats", "/v1/stats?by=label", "/v1/stats?by=day", "/v1/stats?by=label&language=en"),
    *("/v1/tickets", "/v1/tickets?state=quarantined", "/v1/tickets?source=shop&external_id=t-77"),
    *("/v1/tickets?label=refund&language=de", "/v1/review", "/v1/rules/hits"),
    *("/v1/audit", "/v1/audit?actor=person-7", "/v1/audit?area=people", "/v1/audit?actor=nobody"),
    *("/v1/audit?subject=ruleset%2070", "/v1/audit?until=2020-01-01T00:00:00Z"),
    "/metrics",
)


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


def asked(engine: Engine, database_url: str, redis_url: str) -> dict[str, float]:
    """Milliseconds of each page, the median of some."""
    count(engine)
    pages = [*_PAGES, *(f"{path}{_first(engine, path)}" for path in _ONE)]
    with _signed_in(engine, database_url, redis_url) as client:
        return {_plain(page): round(_ms(client, page), 1) for page in pages}


def count(engine: Engine) -> None:
    """Counts the hours that are over."""

    def bite(connection: Connection) -> int:
        return count_hours(connection, now=datetime.now(UTC), audit_share=0.02)

    while transaction(engine, bite):
        pass
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text("VACUUM ANALYZE"))


def _result(found: dict[int, dict[str, float]]) -> dict[str, Any]:
    few, many = found[SIZES[0]], found[SIZES[-1]]
    slowest = max(many, key=lambda page: many[page])
    return {
        "id": "P14",
        "value": many[slowest],
        "unit": f"ms ({slowest})",
        "peer": f"the same with {SIZES[0]:,} tickets",
        "peer_value": few[slowest],
        "ratio": round(many[slowest] / few[slowest], 2),
        "target": f"<= {LIMIT_MS:g} ms for every first page with {SIZES[-1]:,} tickets",
        "met": many[slowest] <= LIMIT_MS,
        "detail": {
            page: [found[size][page] for size in SIZES]
            for page in sorted(many, key=many.__getitem__)
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


def _ms(client: TestClient, page: str) -> float:
    times = []
    for _ in range(_REPEATS):
        start = time.perf_counter()
        client.get(page).raise_for_status()
        times.append((time.perf_counter() - start) * 1000)
    return sorted(times)[_REPEATS // 2]


def _first(engine: Engine, path: str) -> str:
    return str(transaction(engine, lambda c: c.execute(_ONE[path]).scalar_one()))


def _plain(page: str) -> str:
    """Without the id of a ticket, which differs from run to run."""
    return next((f"{path}{{id}}" for path in _ONE if page.startswith(path)), page)
