"""What each part of a running system has spent: seconds of a core, bytes of log."""

from collections.abc import Mapping, Sequence

import psutil
import redis
from sqlalchemy import text

from benchmarks.bed import Bed

_WAL = text("SELECT pg_wal_lsn_diff(pg_current_wal_lsn(), '0/0')")
_SIZE = text("SELECT pg_database_size(current_database())")


def spent(on: Bed, workers: Sequence[int]) -> dict[str, float]:
    """Since each of them started: `worker_s`, `postgres_s` and `redis_s` are seconds of a core.

    `wal_bytes` went to PostgreSQL's log, `stored_bytes` is the size of its database.

    Args:
        on: the services.
        workers: ids of processes; their children count too.
    """
    postmaster = int((on.folder / "postgres" / "postmaster.pid").read_text().splitlines()[0])
    with redis.Redis.from_url(on.redis_url) as client:
        told = client.info("cpu")
    with on.engine.connect() as connection:
        wal, size = (float(connection.execute(one).scalar_one()) for one in (_WAL, _SIZE))
    return {
        "worker_s": sum(map(_cpu_s, workers)),
        "postgres_s": _cpu_s(postmaster),
        "redis_s": float(told["used_cpu_sys"]) + float(told["used_cpu_user"]),
        "wal_bytes": wal,
        "stored_bytes": size,
    }


def each(before: Mapping[str, float], after: Mapping[str, float], count: int) -> dict[str, float]:
    """What one ticket of `count` cost between two moments."""
    return {what: (after[what] - before[what]) / count for what in before}


def _cpu_s(pid: int) -> float:
    """Seconds of a process and of its children, those that ended too."""
    process = psutil.Process(pid)
    own = process.cpu_times()
    seconds: float = own.user + own.system + own.children_user + own.children_system
    for child in process.children(recursive=True):
        try:
            times = child.cpu_times()
        except psutil.NoSuchProcess:  # its parent counts it from now on
            continue
        seconds += times.user + times.system
    return seconds
