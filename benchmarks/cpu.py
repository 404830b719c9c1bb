"""How long processors worked for us: this process and its PostgreSQL (Linux)."""

import os
import time
from pathlib import Path

from sqlalchemy import Engine, text

_BACKENDS = text(
    "SELECT pid FROM pg_stat_activity "
    "WHERE datname = current_database() AND backend_type = 'client backend'"
)
_PARENT, _OF_CHILDREN = 1, slice(13, 15)
"""Fields of `/proc/PID/stat` after the name in brackets (proc(5))."""


def cpu_s(engine: Engine) -> float:
    """Seconds of CPU until now: ours, of all backends of a database, and of those that ended.

    A parallel worker ends with its statement; then its time is that of its parent's children, to
    1/100 s.
    """
    with engine.connect() as connection:
        backends = connection.execute(_BACKENDS).scalars().all()
    return time.process_time() + sum(map(_worked_s, backends)) + _ended_s(backends[0])


def _worked_s(pid: int) -> float:
    return int(Path(f"/proc/{pid}/schedstat").read_text().split()[0]) / 1e9


def _ended_s(backend: int) -> float:
    parent = int(_stat(backend)[_PARENT])
    return sum(map(int, _stat(parent)[_OF_CHILDREN])) / os.sysconf("SC_CLK_TCK")


def _stat(pid: int) -> list[str]:
    return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
