"""P4: Redis to committed decision with a model that costs nothing, against a task a ticket.

Both sides decide by the demo's rules and write the same rows; both are one process. The tickets
are stored and named on Redis before the clock starts. The rate is taken from the database's own
times: decisions between the first and the last, by the seconds between them.
"""

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from uuid import UUID

import redis
from sqlalchemy import Engine, text

from broker.app import make_producer_app
from broker.client import announce
from broker.embedded import embedded_redis
from core.types import Ticket
from migrations.upgrade import upgrade
from router.rules_yaml import load_rules
from router.ruleset import ruleset_object
from store import rulesets
from store.embedded import embedded_postgres
from store.engine import make_engine, transaction
from store.tickets import accept

OURS_TICKETS = 30_000
PEER_TICKETS = 3_000
_RULES = Path(__file__).parent.parent / "samples" / "rules.yaml"


def run() -> dict[str, Any]:
    """Measures both sides on the same embedded services, one after the other."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        folder.chmod(0o755)  # an embedded PostgreSQL started by root runs as another user
        with (
            embedded_postgres(folder / "postgres") as database_url,
            embedded_redis(folder / "redis") as redis_url,
        ):
            engine = make_engine(database_url, pool_size=4, statement_timeout_s=60)
            upgrade(engine, months_ahead=1)
            ruleset = ruleset_object(load_rules(_RULES.read_text()))
            transaction(
                engine, lambda c: rulesets.save(c, ruleset, author="benchmark", note="demo rules")
            )
            urls = (database_url, redis_url)
            peer = _rate(engine, urls, "benchmarks.p4_peer", PEER_TICKETS, per_message=1)
            ours = _rate(engine, urls, "benchmarks.p4_worker", OURS_TICKETS, per_message=200)
            engine.dispose()
    return {
        "id": "P4",
        "value": round(ours),
        "unit": "tickets/s",
        "peer": "Celery, a task a ticket with the same write",
        "peer_value": round(peer),
        "ratio": round(ours / peer, 2),
        "target": ">= 5x and >= 3,000 tickets/s",
        "met": ours >= 5 * peer and ours >= 3000,
        "detail": {"tickets": OURS_TICKETS, "peer_tickets": PEER_TICKETS, "per_message": 200},
    }


def _rate(
    engine: Engine, urls: tuple[str, str], module: str, count: int, *, per_message: int
) -> float:
    """Decisions a second of one process running `module` over a queue that is full."""
    database_url, redis_url = urls
    with redis.Redis.from_url(redis_url) as client:
        client.flushall()
    app = make_producer_app(redis_url, publish_timeout_s=10)
    ids = list(_stored(engine, count, source=module))
    announce(app, ids, per_message=per_message)
    app.close()
    with process(module, database_url, redis_url):
        wait_until_decided(engine, module, count)
    return count / deciding_s(engine, module)


def deciding_s(engine: Engine, source: str) -> float:
    """Seconds from the first decision to the last, by the database's own times."""
    with engine.connect() as connection:
        seconds = connection.execute(
            text(
                "SELECT extract(epoch FROM max(decided_at) - min(decided_at)) FROM tickets "
                "WHERE source = :source AND state IN ('decided', 'review')"
            ),
            {"source": source},
        ).scalar_one()
    return float(seconds)


def _stored(engine: Engine, count: int, *, source: str) -> Iterator[UUID]:
    for start in range(0, count, 1000):
        batch = [
            Ticket(id=f"b-{n}", subject="Parcel", body=f"Parcel {n} has not arrived yet.")
            for n in range(start, min(start + 1000, count))
        ]
        yield from _accepted(engine, batch, source)


def _accepted(engine: Engine, batch: list[Ticket], source: str) -> list[UUID]:
    return [x.id for x in transaction(engine, lambda c: accept(c, batch, source=source))]


@contextmanager
def process(module: str, database_url: str, redis_url: str, **more: str) -> Iterator[None]:
    """One process that runs a module, with some more of its environment."""
    environment = {
        **os.environ,
        "POINTSMAN_DATABASE_URL": database_url,
        "POINTSMAN_REDIS_URL": redis_url,
        "POINTSMAN_LOG_LEVEL": "WARNING",
        **more,
    }
    process = subprocess.Popen([sys.executable, "-W", "ignore", "-m", module], env=environment)
    try:
        yield
    finally:
        process.terminate()
        process.wait(30)


def wait_until_decided(engine: Engine, source: str, count: int) -> None:
    """Waits until so many tickets of a source are decided."""
    statement = text(
        "SELECT count(*) FROM tickets WHERE source = :source AND state IN ('decided', 'review')"
    )
    deadline = time.monotonic() + 180
    while time.monotonic() < deadline:
        with engine.connect() as connection:
            if connection.execute(statement, {"source": source}).scalar_one() >= count:
                return
        time.sleep(0.5)
    raise TimeoutError(f"{source} did not decide {count} tickets in 180 s")
