"""Monthly partitions: made ahead of time, retired whole."""

import re
from datetime import UTC, datetime, timedelta
from uuid import UUID

from sqlalchemy import Connection, text

from store.tables import PARTITIONED

LAST_UUID = UUID(int=(1 << 128) - 1)
"""No id is greater."""
_NAME = re.compile(r"_p(\d{6})$")


def first_uuid(moment: datetime) -> UUID:
    """The smallest UUIDv7 of a moment: its milliseconds since 1970, then zeros (RFC 9562, 5.7).

    That of a moment before 1970 is the smallest of all.
    """
    milliseconds = max(int(moment.timestamp() * 1000), 0)
    return UUID(int=milliseconds << 80)


def make_partitions(connection: Connection, *, now: datetime, months_ahead: int) -> list[str]:
    """Makes last month's, this month's and the coming months' partitions where they are missing.

    A DEFAULT partition beside them takes whatever a wrong clock dates elsewhere, so that intake
    never fails for want of a partition.

    Returns:
        The names of the partitions made.
    """
    made = []
    months = [_month(now, offset) for offset in range(-1, months_ahead + 1)]
    for table in PARTITIONED:
        _execute(
            connection, f"CREATE TABLE IF NOT EXISTS {table}_rest PARTITION OF {table} DEFAULT"
        )
        present = _partitions(connection, table)
        for start in months:
            name = f"{table}_p{start:%Y%m}"
            if name not in present:
                _make(connection, table, name, start)
                made.append(name)
    return made


def drop_partitions_before(connection: Connection, table: str, moment: datetime) -> list[str]:
    """Drops the partitions of a table that end before a moment.

    Returns:
        The names of the partitions dropped.
    """
    oldest_kept = f"{moment:%Y%m}"
    old = [name for name in _partitions(connection, table) if name[-6:] < oldest_kept]
    for name in old:
        _execute(connection, f"DROP TABLE {name}")
    return old


def _make(connection: Connection, table: str, name: str, start: datetime) -> None:
    low, high = first_uuid(start), first_uuid(_month(start, 1))
    _execute(
        connection,
        f"CREATE TABLE {name} PARTITION OF {table} FOR VALUES FROM ('{low}') TO ('{high}')",
    )


def _partitions(connection: Connection, table: str) -> list[str]:
    """Names of the monthly partitions of a table, oldest first."""
    found = connection.execute(
        text("SELECT inhrelid::regclass::text FROM pg_inherits WHERE inhparent = :t ::regclass"),
        {"t": table},
    ).scalars()
    return sorted(name for name in found if _NAME.search(name))


def _execute(connection: Connection, ddl: str) -> None:
    """Runs DDL built from this module's own names and dates; nothing from outside gets in."""
    connection.execute(text(ddl))


def _month(moment: datetime, offset: int) -> datetime:
    """The first instant, in UTC, of the month `offset` months after that of `moment`."""
    start = moment.astimezone(UTC).replace(day=1, hour=0, minute=0, second=0, microsecond=0)
    for _ in range(abs(offset)):
        step = timedelta(days=32) if offset > 0 else timedelta(days=-1)
        start = (start + step).replace(day=1)
    return start
