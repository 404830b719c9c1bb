"""Brings a database to the newest schema, and tells whether it is there."""

from datetime import UTC, datetime
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Engine

from store.engine import transaction
from store.partitions import make_partitions


def alembic_config(engine: Engine) -> Config:
    """Alembic's settings for one engine; there is no alembic.ini to keep in step."""
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent))
    config.attributes["engine"] = engine
    return config


def upgrade(engine: Engine, *, months_ahead: int, revision: str = "head") -> None:
    """Migrates and makes the partitions that intake will need.

    Args:
        engine: an engine whose role may create tables.
        months_ahead: monthly partitions to make in advance.
        revision: where to stop; `head` is the newest.
    """
    command.upgrade(alembic_config(engine), revision)
    now = datetime.now(UTC)
    transaction(engine, lambda c: make_partitions(c, now=now, months_ahead=months_ahead))


def current_and_head(engine: Engine) -> tuple[str | None, str | None]:
    """The revision that the database has, and the newest that this code has."""
    head = ScriptDirectory.from_config(alembic_config(engine)).get_current_head()
    with engine.connect() as connection:
        return MigrationContext.configure(connection).get_current_revision(), head


def knows(engine: Engine, revision: str) -> bool:
    """Whether this code has that revision."""
    scripts = ScriptDirectory.from_config(alembic_config(engine))
    return revision in {script.revision for script in scripts.walk_revisions()}
