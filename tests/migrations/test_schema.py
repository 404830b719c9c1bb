from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import inspect

from migrations.env_filter import is_ours
from migrations.upgrade import alembic_config, current_and_head, upgrade
from store.engine import make_engine
from store.tables import Row


def test_migrations_match_the_tables(empty_database_url: str) -> None:
    engine = make_engine(empty_database_url, pool_size=2, statement_timeout_s=30)
    upgrade(engine, months_ahead=1)
    with engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"include_name": is_ours})
        assert compare_metadata(context, Row.metadata) == []
    engine.dispose()


def test_up_down_and_up_again_leaves_the_same_schema(empty_database_url: str) -> None:
    engine = make_engine(empty_database_url, pool_size=2, statement_timeout_s=30)
    upgrade(engine, months_ahead=1)
    before = sorted(inspect(engine).get_table_names())
    command.downgrade(alembic_config(engine), "base")
    assert inspect(engine).get_table_names() == ["alembic_version"]
    upgrade(engine, months_ahead=1)
    assert sorted(inspect(engine).get_table_names()) == before
    engine.dispose()


def test_an_upgrade_of_the_newest_schema_changes_nothing(empty_database_url: str) -> None:
    engine = make_engine(empty_database_url, pool_size=2, statement_timeout_s=30)
    upgrade(engine, months_ahead=1)
    upgrade(engine, months_ahead=1)
    current, head = current_and_head(engine)
    assert current == head
    engine.dispose()
