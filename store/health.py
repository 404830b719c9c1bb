"""Whether PostgreSQL answers, how fast, and whether its clock is ours."""

import time
from dataclasses import dataclass
from datetime import UTC, datetime

import psycopg
from sqlalchemy import Engine, text
from sqlalchemy.exc import SQLAlchemyError

from store.engine import translated


@dataclass(frozen=True, slots=True, kw_only=True)
class DatabaseHealth:
    """One answer of the server.

    Attributes:
        version: such as `18.1`.
        latency_s: of one round trip with a statement.
        clock_skew_s: how far the server's clock is ahead of this machine's.
        migrated: whether the schema was ever made.
    """

    version: str
    latency_s: float
    clock_skew_s: float
    migrated: bool


def probe(engine: Engine) -> DatabaseHealth:
    """Asks once, without trying again.

    Raises:
        Transient: the server is away or busy.
        Permanent: it refuses us.
    """
    try:
        with engine.connect() as connection:
            asked, start = datetime.now(UTC), time.perf_counter()
            row = connection.execute(
                text(
                    "SELECT current_setting('server_version') AS version, "
                    "clock_timestamp() AS now, to_regclass('alembic_version') AS revisions"
                )
            ).one()
            latency_s = time.perf_counter() - start
    except (SQLAlchemyError, psycopg.Error) as error:
        raise translated(error) from error
    return DatabaseHealth(
        version=row.version.split()[0],
        latency_s=latency_s,
        clock_skew_s=(row.now - asked).total_seconds() - latency_s / 2,
        migrated=row.revisions is not None,
    )
