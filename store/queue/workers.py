"""Worker processes as the database sees them: registered, counted, forgotten when long gone."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, insert, text, update

from store.queue.claims import WORKER_LOCKS
from store.tables import WorkerRow


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkerReport:
    """What a worker says of itself; `counters` are of `core.measures`, by key."""

    rung: str
    model_version: str | None
    ruleset_version: int | None
    counters: Mapping[str, float]


@dataclass(frozen=True, slots=True, kw_only=True)
class Worker:
    """A worker with its last report; `alive` is whether it holds its lock now."""

    id: int
    host: str
    pid: int
    device: str
    alive: bool
    seen_at: datetime
    report: WorkerReport


def register(connection: Connection, *, host: str, pid: int, device: str, rung: str) -> int:
    """Gives a new worker its id, and forgets workers unseen for a week."""
    connection.execute(
        text("DELETE FROM workers WHERE seen_at < clock_timestamp() - interval '7d'")
    )
    return connection.execute(
        insert(WorkerRow)
        .values(host=host, pid=pid, device=device, rung=rung)
        .returning(WorkerRow.id)
    ).scalar_one()


def report(connection: Connection, worker: int, said: WorkerReport) -> None:
    """Stores a worker's report with the database's time."""
    connection.execute(
        update(WorkerRow)
        .where(WorkerRow.id == worker)
        .values(
            rung=said.rung,
            model_version=said.model_version,
            ruleset_version=said.ruleset_version,
            counters=dict(said.counters),
            seen_at=text("clock_timestamp()"),
        )
    )


def workers(connection: Connection) -> list[Worker]:
    """All workers seen within a week, newest first."""
    rows = connection.execute(
        text(
            "SELECT w.*, EXISTS (SELECT 1 FROM pg_locks l WHERE l.locktype = 'advisory' "
            "AND l.classid = :kind AND l.objid = w.id AND l.granted) AS alive "
            "FROM workers w ORDER BY w.id DESC"
        ),
        {"kind": WORKER_LOCKS},
    )
    return [_worker(row) for row in rows]


def _worker(row: Any) -> Worker:
    return Worker(
        id=row.id,
        host=row.host,
        pid=row.pid,
        device=row.device,
        alive=row.alive,
        seen_at=row.seen_at,
        report=WorkerReport(
            rung=row.rung,
            model_version=row.model_version,
            ruleset_version=row.ruleset_version,
            counters=row.counters,
        ),
    )
