"""Rows in bulk by COPY, the fastest door that PostgreSQL has (measured in docs/benchmarks.md)."""

from collections.abc import Iterable, Sequence
from typing import Any

import psycopg
from psycopg import sql
from sqlalchemy import Connection


def copy_rows(
    connection: Connection, table: str, columns: Sequence[str], rows: Iterable[Sequence[Any]]
) -> None:
    """Appends rows inside the connection's transaction.

    Args:
        connection: an open transaction.
        table: name of the table.
        columns: names of the columns, in the order of each row's values.
        rows: values as psycopg adapts them; JSON columns take text.
    """
    statement = sql.SQL("COPY {} ({}) FROM STDIN").format(
        sql.Identifier(table), sql.SQL(", ").join(map(sql.Identifier, columns))
    )
    driver = connection.connection.driver_connection
    assert isinstance(driver, psycopg.Connection)
    with driver.cursor() as cursor, cursor.copy(statement) as copy:
        for row in rows:
            copy.write_row(row)
