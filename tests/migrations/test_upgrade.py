"""An upgrade without a pause: old code on the new schema, rows in place, there and back.

A migration named `pre` runs before the new code starts, while the old one serves; so it may only
add what the old code need not know. One named `post` runs when no old code is left.
"""

import json
from typing import Any
from uuid import UUID

from alembic import command
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, Engine, text

from migrations.upgrade import alembic_config, upgrade
from store.decided.decisions import finish
from store.engine import make_engine, transaction
from store.queue import workers
from store.queue.claims import claim
from store.queue.tickets import accept
from tests.factories.values import finished, tickets

_LANDED = "0010_pre_feedback"
"""The schema that is in use; whoever releases moves it to that release's newest."""

_COLUMNS = text(
    "SELECT c.table_name, c.column_name, c.data_type, "
    "c.is_nullable = 'NO' AND c.column_default IS NULL AND c.is_identity = 'NO' AS needed "
    "FROM information_schema.columns c JOIN pg_class t ON t.relname = c.table_name "
    "AND t.relnamespace = 'public'::regnamespace "
    "WHERE c.table_schema = 'public' AND t.relkind IN ('r', 'p') AND NOT t.relispartition "
    "AND c.table_name <> 'alembic_version'"
)
Schema = dict[tuple[str, str], tuple[str, bool]]


def test_a_pre_migration_only_adds_what_old_code_need_not_know(empty_database_url: str) -> None:
    engine = make_engine(empty_database_url, pool_size=2, statement_timeout_s=30)
    scripts = ScriptDirectory.from_config(alembic_config(engine))
    revisions = [script.revision for script in scripts.walk_revisions()][::-1]
    before: Schema = {}
    for revision in revisions:
        command.upgrade(alembic_config(engine), revision)
        after = _schema(engine)
        if "_pre_" in revision and revision > _LANDED:
            assert _breaks(before, after) == [], revision
        before = after
    engine.dispose()


def test_rows_stay_through_an_upgrade_and_back_and_old_code_goes_on_writing(
    empty_database_url: str,
) -> None:
    engine = make_engine(empty_database_url, pool_size=2, statement_timeout_s=30)
    upgrade(engine, months_ahead=1)
    transaction(engine, _fill)
    newest = _schema(engine)
    command.downgrade(alembic_config(engine), _LANDED)
    landed = _schema(engine)
    known = {key: newest[key] for key in landed if key in newest}
    rows = _rows(engine, known)
    assert len(rows["tickets"]) == 3
    assert len(rows["decisions"]) == 2

    upgrade(engine, months_ahead=1)
    assert _rows(engine, known) == rows
    for table in ("tickets", "outbox"):
        transaction(engine, lambda c, t=table: _write_as_before(c, t, known))  # type: ignore[misc]
    transaction(engine, lambda c: accept(c, tickets(2, prefix="new"), source="shop"))
    engine.dispose()


def _schema(engine: Engine) -> Schema:
    with engine.connect() as connection:
        found = connection.execute(_COLUMNS).all()
    return {(row.table_name, row.column_name): (row.data_type, row.needed) for row in found}


def _breaks(before: Schema, after: Schema) -> list[str]:
    """What code that knows `before` trips over."""
    tables = {table for table, _ in before}
    gone = [f"{key} is gone" for key in before if key not in after]
    changed = [
        f"{key} is {after[key]} and was {before[key]}"
        for key in before
        if key in after
        and after[key] != before[key]
        and (after[key][1] or after[key][0] != before[key][0])
    ]
    wanted = [
        f"{key} must be given"
        for key, (_, needed) in after.items()
        if needed and key not in before and key[0] in tables
    ]
    return gone + changed + wanted


def _fill(connection: Connection) -> None:
    accept(connection, tickets(3), source="shop")
    worker = workers.register(connection, host="here", pid=1, device="cpu", rung="model")
    finish(connection, [finished(c) for c in claim(connection, worker=worker, most=2, lease_s=30)])


def _rows(engine: Engine, known: Schema) -> dict[str, list[str]]:
    """Every row of every table, with the columns that are known."""
    with engine.connect() as connection:
        return {
            table: sorted(
                json.dumps(row, sort_keys=True)
                for row in connection.execute(_select(table, known)).scalars()
            )
            for table in {table for table, _ in known}
        }


def _select(table: str, known: Schema) -> Any:
    columns = ", ".join(f'"{column}"' for name, column in known if name == table)
    return text(f"SELECT to_jsonb(r) FROM (SELECT {columns} FROM {table}) r")


def _write_as_before(connection: Connection, table: str, known: Schema) -> None:
    """Inserts a copy of a row under another id, naming the known columns alone."""
    row: dict[str, Any] = connection.execute(_select(table, known)).scalars().all()[0]
    columns = ", ".join(f'"{column}"' for name, column in known if name == table)
    copy = {**row, "id": str(UUID(int=UUID(row["id"]).int ^ 1)), "external_id": "copied"}
    connection.execute(
        text(
            f"INSERT INTO {table} ({columns}) SELECT {columns} "
            f"FROM jsonb_populate_record(NULL::{table}, CAST(:row AS jsonb))"
        ),
        {"row": json.dumps(copy)},
    )
