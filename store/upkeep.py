"""What an operator watches of the database itself: partitions, connections, trainings, the model.

Each question is cheap however much the database holds: catalogues, open rows and one active row.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, text

from store.tables import PARTITIONED

_READY = text(
    "SELECT p.relname AS parent, max(substring(c.relname FROM '_p([0-9]{6})$')) AS last "
    "FROM pg_inherits i JOIN pg_class p ON p.oid = i.inhparent "
    "JOIN pg_class c ON c.oid = i.inhrelid WHERE p.relname = ANY(:tables) "
    "AND p.relnamespace = CAST(current_schema() AS regnamespace) GROUP BY p.relname"
)
_CONNECTIONS = text(
    "SELECT count(*) AS used, current_setting('max_connections')::int "
    "- current_setting('superuser_reserved_connections')::int AS most "
    "FROM pg_stat_activity WHERE backend_type = 'client backend'"
)
_TRAININGS = text(
    "SELECT state, max(extract(epoch FROM clock_timestamp() - coalesce(started_at, created_at))) "
    "AS age_s FROM training_runs WHERE state IN ('queued', 'running') GROUP BY state"
)
_MOST_LETTERS = 10_000
_LETTERS = text("SELECT count(*) FROM (SELECT FROM dead_letters LIMIT :most) kept")
_INCIDENTS = text("SELECT count(*) FROM incidents WHERE closed_at IS NULL")
_ACTIVE = text("SELECT version, activated_at FROM model_versions WHERE active")


@dataclass(frozen=True, slots=True, kw_only=True)
class Upkeep:
    """What was found.

    Attributes:
        months_ready: whole months after this one that every partitioned table is ready for; below
            0 when even this month's partition is missing.
        connections: open ones of every client of the server.
        most_connections: that clients may open.
        trainings: seconds since the oldest training of each open state was asked for or started.
        dead_letters: refused submissions that are kept, counted up to 10,000.
        open_incidents: storms of tickets that are not over.
        model_version: the active one, if any, and since when.
    """

    months_ready: int
    connections: int
    most_connections: int
    trainings: Mapping[str, float]
    dead_letters: int
    open_incidents: int
    model_version: str | None
    active_since: datetime | None


def upkeep(connection: Connection, *, now: datetime) -> Upkeep:
    """Reads it; `now` is aware."""
    connections = connection.execute(_CONNECTIONS).one()
    active = connection.execute(_ACTIVE).one_or_none()
    return Upkeep(
        months_ready=months_ready(connection, now=now),
        connections=connections.used,
        most_connections=connections.most,
        trainings={row.state: float(row.age_s) for row in connection.execute(_TRAININGS)},
        dead_letters=connection.execute(_LETTERS, {"most": _MOST_LETTERS}).scalar_one(),
        open_incidents=connection.execute(_INCIDENTS).scalar_one(),
        model_version=None if active is None else active.version,
        active_since=None if active is None else active.activated_at,
    )


def months_ready(connection: Connection, *, now: datetime) -> int:
    """Whole months after that of `now` for which every partitioned table has a partition."""
    found = connection.execute(_READY, {"tables": list(PARTITIONED)})
    last = {row.parent: row.last or "000000" for row in found}
    first = min(last.get(table, "000000") for table in PARTITIONED)
    return (int(first[:4]) - now.year) * 12 + int(first[4:]) - now.month
