"""Alembic's entry point: runs on the engine that `migrations.upgrade` hands over."""

from alembic import context

from migrations.env_filter import is_ours
from store.tables import Row


def run() -> None:
    """Runs the migrations in one transaction, one process at a time."""
    with context.config.attributes["engine"].connect() as connection:
        context.configure(connection=connection, target_metadata=Row.metadata, include_name=is_ours)
        with context.begin_transaction():
            connection.exec_driver_sql("SET LOCAL statement_timeout = 0")
            connection.exec_driver_sql("SELECT pg_advisory_xact_lock(hashtext('migrations'))")
            context.run_migrations()
        connection.commit()


run()
