"""What `doctor` says of a system that runs: workers, queue, partitions, connections."""

from collections import Counter
from collections.abc import Sequence
from datetime import datetime

from cli.doctor.finding import Finding
from store.queue.workers import Worker
from store.upkeep import Upkeep

LEAST_CONNECTIONS_LEFT = 10
LEAST_MONTHS_READY = 1
MOST_SILENT_S = 30.0
MOST_WAITING_S = 60.0


def staff(seen: Sequence[Worker], *, now: datetime, has_model: bool) -> Finding:
    """Which workers live, on which device each is, and whether each works as it should.

    Args:
        seen: within a week.
        now: by the database's clock.
        has_model: whether a version is active.
    """
    alive = [worker for worker in seen if worker.alive]
    detail = ", ".join(f"{w.id} on {w.device} ({w.report.rung}, pid {w.pid})" for w in alive)
    fixes = [] if alive else ["start `pointsman up`"]
    for worker in alive:
        if (now - worker.seen_at).total_seconds() > MOST_SILENT_S:
            fixes.append(f"restart worker {worker.id}, which is silent; its log says more")
        elif has_model and worker.report.rung != "model":
            fixes.append(f"see the log of worker {worker.id}: its device or the model failed")
    fixes += [f"give each worker on {place} a GPU of its own" for place in _shared(alive)]
    return Finding(
        name="workers",
        ok=not fixes,
        detail=detail or "none is alive",
        fix="; ".join(fixes),
    )


def queue(oldest_waiting_s: float, waiting: int) -> Finding:
    """Whether tickets are decided as fast as they come."""
    ok = oldest_waiting_s <= MOST_WAITING_S
    return Finding(
        name="queue",
        ok=ok,
        detail=f"{waiting} tickets wait, the oldest for {oldest_waiting_s:.0f} s",
        fix="" if ok else "start more workers (`up` starts one a device), or see their logs",
    )


def partitions(found: Upkeep) -> Finding:
    """Whether the coming months have their partitions."""
    ok = found.months_ready >= LEAST_MONTHS_READY
    fix = "run `pointsman migrate`; then see that beat and a worker run, which make them in time"
    return Finding(
        name="partitions",
        ok=ok,
        detail=f"ready for {found.months_ready} months after this one",
        fix="" if ok else fix,
    )


def connections(found: Upkeep) -> Finding:
    """Whether further processes would get connections."""
    left = found.most_connections - found.connections
    fix = (
        "raise max_connections of PostgreSQL, lower POINTSMAN_DATABASE_POOL, or put PgBouncer "
        "before the web processes"
    )
    return Finding(
        name="connections",
        ok=left >= LEAST_CONNECTIONS_LEFT,
        detail=f"{left} of {found.most_connections} left",
        fix="" if left >= LEAST_CONNECTIONS_LEFT else fix,
    )


def _shared(alive: Sequence[Worker]) -> list[str]:
    """GPUs that more than one living worker holds."""
    places = Counter(f"{w.host} {w.device}" for w in alive if w.device.startswith("cuda"))
    return [place for place, count in places.items() if count > 1]
