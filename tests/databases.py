"""Databases for tests: one that is made clean again for the next, since a clone takes longer."""

from collections.abc import Iterator, Mapping
from typing import Any
from uuid import uuid4

import psycopg
from sqlalchemy import Connection, Engine, create_engine, make_url, text
from sqlalchemy.pool import NullPool

from store.engine import driver_url

_MOST_BYTES = 24 * 2**20
"""A database that became larger, of rows that are gone too, is thrown away."""
# Whatever a test may have changed beside rows.
_SHAPE = """
SELECT md5(string_agg(line, ' ' ORDER BY line)) FROM (
  SELECT concat_ws('/', 'class', oid, relname, relkind, reloptions, relowner) FROM pg_class
  WHERE relnamespace NOT IN ('pg_toast'::regnamespace, 'pg_catalog'::regnamespace)
  UNION ALL SELECT concat_ws('/', 'column', attrelid, attnum, attname, atttypid, attnotnull)
  FROM pg_attribute WHERE attrelid >= 16384
  UNION ALL SELECT concat_ws('/', 'check', oid, conname, convalidated) FROM pg_constraint
  UNION ALL SELECT concat_ws('/', 'trigger', oid, tgname, tgenabled) FROM pg_trigger
  UNION ALL SELECT concat_ws('/', 'function', oid, md5(prosrc)) FROM pg_proc WHERE oid >= 16384
  UNION ALL SELECT concat_ws('/', 'setting', setdatabase, setconfig) FROM pg_db_role_setting
) lines(line)
"""
_TABLES = """
SELECT oid::regclass::text FROM pg_class
WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace ORDER BY 1
"""
_COUNTERS = """
SELECT format('%I.%I', schemaname, sequencename), last_value FROM pg_sequences
WHERE schemaname = 'public'
"""
_END = text("SELECT pg_terminate_backend(pid, 10000) FROM pg_stat_activity WHERE datname = :name")


class Databases:
    """Clean databases on one server, by turns: the one before must not be used any more.

    Args:
        server: URL of a server on which databases may be made and dropped.
        template: name of the database that each starts as.
    """

    def __init__(self, server: str, template: str) -> None:
        self._server = server
        self._template = template
        self._name: str | None = None
        self._first: _State | None = None

    def clean(self) -> str:
        """URL of a database as the template is; under a name of its own.

        What is left of the test before cannot reach it.
        """
        if self._name is not None and not self._clean_again(self._name):
            self.drop()
        if self._name is None:
            self._name = _new_name()
            run(self._server, f'CREATE DATABASE "{self._name}" TEMPLATE "{self._template}"')
            with _engine(self._url).connect() as connection:
                self._first = _State(connection)
        return self._url

    def drop(self) -> None:
        """Throws it away."""
        if self._name is not None:
            run(self._server, f'DROP DATABASE "{self._name}" WITH (FORCE)')
            self._name = None

    @property
    def _url(self) -> str:
        assert self._name is not None
        return url_of(self._server, self._name)

    def _clean_again(self, name: str) -> bool:
        """Whether it is as it was; not where a test changed more than rows."""
        self._name = _new_name()
        with _engine(self._server).connect() as connection:
            connection.exec_driver_sql(f'ALTER DATABASE "{name}" WITH ALLOW_CONNECTIONS false')
            connection.execute(_END, {"name": name})
            connection.exec_driver_sql(f'ALTER DATABASE "{name}" RENAME TO "{self._name}"')
            connection.exec_driver_sql(f'ALTER DATABASE "{self._name}" WITH ALLOW_CONNECTIONS true')
        assert self._first is not None
        with _engine(self._url).connect() as connection:
            return self._first.restore(connection)


class _State:
    """What a database holds, to be brought back."""

    def __init__(self, connection: Connection) -> None:
        self._shape = _shape(connection)
        self._counters = _counters(connection)
        self._tables = connection.execute(text(_TABLES)).scalars().all()
        self._rows = {table: _copied(connection, table) for table in self._filled(connection)}

    def restore(self, connection: Connection) -> bool:
        """Brings rows and counters back; False where that is not all, or not worth it."""
        size = connection.execute(text("SELECT pg_database_size(current_database())")).scalar_one()
        if size > _MOST_BYTES or _shape(connection) != self._shape:
            return False
        connection.exec_driver_sql("SET session_replication_role = replica")  # no trigger, no key
        for table in self._filled(connection):
            connection.exec_driver_sql(f"DELETE FROM {table}")
        for table, rows in self._rows.items():
            with _cursor(connection).copy(f"COPY {table} FROM STDIN") as copy:
                copy.write(rows)
        for counter, value in _counters(connection).items():
            if value != self._counters[counter]:
                _set(connection, counter, self._counters[counter])
        return True

    def _filled(self, connection: Connection) -> list[str]:
        asked = " UNION ALL ".join(
            f"SELECT '{table}' WHERE EXISTS (SELECT FROM {table})" for table in self._tables
        )
        return list(connection.execute(text(asked)).scalars())


def fresh_database(server: str, template: str) -> Iterator[str]:
    """URL of a clone of a database, which is dropped after its use."""
    name = _new_name()
    run(server, f'CREATE DATABASE "{name}" TEMPLATE "{template}"')
    yield url_of(server, name)
    run(server, f'DROP DATABASE "{name}" WITH (FORCE)')


def url_of(server: str, database: str) -> str:
    """URL of another database on a server."""
    url = make_url(server).set(database=database)
    return url.render_as_string(hide_password=False)


def run(server: str, statement: str) -> None:
    """Runs a statement that wants no transaction."""
    with _engine(server).connect() as connection:
        connection.exec_driver_sql(statement)


def _engine(url: str) -> Engine:
    return create_engine(driver_url(url), poolclass=NullPool, isolation_level="AUTOCOMMIT")


def _new_name() -> str:
    return f"test_{uuid4().hex[:12]}"


def _shape(connection: Connection) -> str:
    return str(connection.execute(text(_SHAPE)).scalar_one())


def _counters(connection: Connection) -> Mapping[str, int | None]:
    return {name: value for name, value in connection.execute(text(_COUNTERS))}


def _set(connection: Connection, counter: str, value: int | None) -> None:
    connection.execute(
        text("SELECT setval(CAST(:name AS regclass), :value, :used)"),
        {"name": counter, "value": value or 1, "used": value is not None},
    )


def _copied(connection: Connection, table: str) -> bytes:
    with _cursor(connection).copy(f"COPY {table} TO STDOUT") as copy:
        return b"".join(bytes(part) for part in copy)


def _cursor(connection: Connection) -> psycopg.Cursor[Any]:
    driver = connection.connection.driver_connection
    assert isinstance(driver, psycopg.Connection)
    return driver.cursor()
