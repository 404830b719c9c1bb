"""What benchmarks of the whole way lie on: PostgreSQL and Redis of their own, worker processes."""

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from uuid import UUID

from sqlalchemy import Connection, Engine, text

from broker.app import make_producer_app
from broker.client import announce
from broker.embedded import embedded_redis
from classifier.artifacts import Artifact
from core.types import Ticket
from migrations.upgrade import upgrade
from router.rules_yaml import load_rules
from router.ruleset import ruleset_object
from store.embedded import embedded_postgres
from store.engine import make_engine, transaction
from store.models import model_versions
from store.queue.tickets import accept
from store.queue.workers import workers
from store.rules import rulesets

NO_OP = "benchmarks.p4_worker"
"""A worker with a model that costs nothing."""
REAL = "worker"
_RULES = Path(__file__).parent.parent / "samples" / "rules.yaml"
_BITE = 1000
_STOP_S = 30
_DECIDED = "FROM tickets WHERE source = :source AND state IN ('decided', 'review')"


@dataclass(frozen=True, slots=True, kw_only=True)
class Bed:
    """Both services, the schema in place."""

    folder: Path
    engine: Engine
    database_url: str
    redis_url: str


@contextmanager
def bed(folder: Path | None = None) -> Iterator[Bed]:
    """Starts both, in a folder of their own unless one is given; they end with the context."""
    with tempfile.TemporaryDirectory() as name:
        place = folder or Path(name)
        place.chmod(0o755)  # an embedded PostgreSQL started by root runs as another user
        with (
            embedded_postgres(place / "postgres") as database_url,
            embedded_redis(place / "redis") as redis_url,
        ):
            engine = make_engine(database_url, pool_size=4, statement_timeout_s=600)
            upgrade(engine, months_ahead=1)
            yield Bed(folder=place, engine=engine, database_url=database_url, redis_url=redis_url)
            engine.dispose()


def add_rules(engine: Engine) -> None:
    """The demo's rules."""
    ruleset = ruleset_object(load_rules(_RULES.read_text()))
    transaction(engine, lambda c: rulesets.save(c, ruleset, author="benchmark", note="demo rules"))


def serve(engine: Engine, artifact: Artifact) -> None:
    """Has workers serve a model."""

    def work(connection: Connection) -> None:
        model_versions.register(
            connection,
            version=artifact.version,
            path=artifact.path,
            labels=artifact.labels,
            metrics={},
        )
        model_versions.activate(connection, artifact.version, actor="benchmark")

    transaction(engine, work)


def parcels(count: int) -> Iterator[Ticket]:
    """Short tickets, each with a text of its own."""
    for n in range(count):
        yield Ticket(id=f"b-{n}", subject="Parcel", body=f"Parcel {n} has not arrived yet.")


def store(engine: Engine, tickets: Iterable[Ticket], *, source: str) -> Iterator[UUID]:
    """Accepts tickets, a thousand at a time; gives their ids."""
    left = iter(tickets)
    while batch := list(islice(left, _BITE)):
        yield from _accepted(engine, batch, source)


def tell(redis_url: str, ids: Sequence[UUID], *, per_message: int) -> None:
    """Names stored tickets on Redis, so many in a message."""
    app = make_producer_app(redis_url, publish_timeout_s=10)
    announce(app, ids, per_message=per_message)
    app.close()


def _accepted(engine: Engine, batch: Sequence[Ticket], source: str) -> list[UUID]:
    return [x.id for x in transaction(engine, lambda c: accept(c, batch, source=source))]


@contextmanager
def process(module: str, on: Bed, *, redis_url: str | None = None, **more: str) -> Iterator[int]:
    """One process that runs a module, with some more of its environment; its id.

    Args:
        module: to run.
        on: the services that it finds.
        redis_url: another way to the same Redis.
        more: further variables.
    """
    environment = {
        **os.environ,
        "POINTSMAN_DATABASE_URL": on.database_url,
        "POINTSMAN_REDIS_URL": redis_url or on.redis_url,
        "POINTSMAN_STATE_DIR": str(on.folder / "state"),
        "POINTSMAN_LOG_LEVEL": "WARNING",
        **more,
    }
    process = subprocess.Popen([sys.executable, "-W", "ignore", "-m", module], env=environment)
    try:
        yield process.pid
    finally:
        process.terminate()
        process.wait(_STOP_S)


def decided(engine: Engine, source: str) -> int:
    """How many tickets of a source are decided."""
    with engine.connect() as connection:
        found = connection.execute(text(f"SELECT count(*) {_DECIDED}"), {"source": source})
        return int(found.scalar_one())


def wait_until_decided(engine: Engine, source: str, count: int, *, within_s: float = 300) -> None:
    """Waits until so many tickets of a source are decided.

    Raises:
        TimeoutError: they were not.
    """
    deadline = time.monotonic() + within_s
    while decided(engine, source) < count:
        if time.monotonic() > deadline:
            raise TimeoutError(f"{source} did not decide {count} tickets in {within_s:g} s")
        time.sleep(0.25)


def wait_for_workers(engine: Engine, count: int) -> None:
    """Waits until so many workers are alive and have rules, so that they take tickets next.

    Raises:
        TimeoutError: they are not.
    """
    deadline = time.monotonic() + 120
    while time.monotonic() < deadline:
        seen = transaction(engine, workers)
        if sum(one.alive and one.report.ruleset_version is not None for one in seen) >= count:
            return
        time.sleep(0.1)
    raise TimeoutError(f"{count} workers did not start in 120 s")


def decided_per_s(engine: Engine, source: str) -> float:
    """Decisions a second between a source's first and last, by the database's own times.

    What was decided at the first moment is left out: its work lies before.
    """
    statement = text(
        f"SELECT (count(*) FILTER (WHERE decided_at > first)) / "
        f"NULLIF(extract(epoch FROM max(decided_at) - min(first)), 0) FROM "
        f"(SELECT decided_at, min(decided_at) OVER () AS first {_DECIDED}) d"
    )
    with engine.connect() as connection:
        return float(connection.execute(statement, {"source": source}).scalar_one())


def carried_per_s(engine: Engine, source: str) -> float:
    """Decisions a second from a source's first ticket to its last decision, waiting included."""
    statement = text(
        "SELECT count(*) / extract(epoch FROM max(decided_at) - min(received_at)) " + _DECIDED
    )
    with engine.connect() as connection:
        return float(connection.execute(statement, {"source": source}).scalar_one())


def counters(engine: Engine) -> dict[str, float]:
    """What all workers have counted (`core.measures`), each key summed; seconds old."""
    statement = text(
        "SELECT key, sum(CAST(value AS float)) FROM workers, jsonb_each_text(counters) GROUP BY key"
    )
    with engine.connect() as connection:
        return {row[0]: row[1] for row in connection.execute(statement)}
