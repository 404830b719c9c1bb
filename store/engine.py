"""Connections to PostgreSQL: made once by each process, transactions retried where that is safe."""

from collections.abc import Callable
from typing import TypeVar

import psycopg
from sqlalchemy import Connection, Engine, create_engine, text
from sqlalchemy.exc import DBAPIError, OperationalError, SQLAlchemyError
from sqlalchemy.pool import NullPool
from tenacity import Retrying, retry_if_exception_type, stop_after_attempt, wait_random_exponential

from core.errors import Permanent, Transient

T = TypeVar("T")

# PostgreSQL's appendix A: serialization failure, deadlock, lock timeout, cancelled by timeout,
# shutdown (57P01 to 57P03), a session that stood still in a transaction (25P03). Class 08 is a
# broken connection, 53 a lack of connections, memory or disk, 58 a failure of the machine below.
_TRANSIENT_STATES = {"25P03", "40001", "40P01", "55P03", "57014", "57P01", "57P02", "57P03"}
_TRANSIENT_CLASSES = ("08", "53", "58")
_ATTEMPTS = 5
_KEEPALIVES = {
    "connect_timeout": 3,
    "keepalives_idle": 5,
    "keepalives_interval": 2,
    "keepalives_count": 3,
    "tcp_user_timeout": 10_000,
}


def make_engine(
    url: str, *, pool_size: int, statement_timeout_s: float, idle_timeout_s: float = 30
) -> Engine:
    """An engine for short transactions.

    Args:
        url: any PostgreSQL URL; the psycopg 3 driver is used whatever the scheme says.
        pool_size: connections kept; none are made beyond them.
        statement_timeout_s: longest that one statement may run, in seconds.
        idle_timeout_s: longest that a transaction may wait for us between statements, in seconds;
            what it locked is free again afterwards.
    """
    options = (
        f"-c statement_timeout={round(statement_timeout_s * 1000)} -c lock_timeout=2000 "
        f"-c idle_in_transaction_session_timeout={round(idle_timeout_s * 1000)} -c timezone=UTC"
    )
    return create_engine(
        driver_url(url),
        pool_size=pool_size,
        max_overflow=0,
        pool_pre_ping=True,
        pool_timeout=statement_timeout_s,
        connect_args={**_KEEPALIVES, "options": options},
    )


def make_lock_engine(url: str) -> Engine:
    """An engine whose one connection may stay open for the life of a worker, holding its lock."""
    return create_engine(driver_url(url), poolclass=NullPool, connect_args=_KEEPALIVES)


def driver_url(url: str) -> str:
    """The URL with the scheme that SQLAlchemy needs for psycopg 3."""
    _, rest = url.split("://", 1)
    return f"postgresql+psycopg://{rest}"


def transaction(engine: Engine, work: Callable[[Connection], T]) -> T:
    """Runs `work` in one transaction and commits, again from the start when it failed in passing.

    `work` must be safe to repeat after a commit whose answer was lost: ours are, because claims
    are fenced and natural keys are unique.

    Raises:
        Transient: the database is away or busy, after five tries within some seconds.
        Permanent: the database refused the statement.
    """
    retrying = Retrying(
        retry=retry_if_exception_type(Transient),
        stop=stop_after_attempt(_ATTEMPTS),
        wait=wait_random_exponential(multiplier=0.05, max=1),
        reraise=True,
    )
    result: T = retrying(_once, engine, work)
    return result


def _once(engine: Engine, work: Callable[[Connection], T]) -> T:
    try:
        with engine.begin() as connection:
            return work(connection)
    except (SQLAlchemyError, psycopg.Error) as error:
        raise translated(error) from error


def one_moment(connection: Connection) -> None:
    """Everything that this transaction reads is as of one moment; call it before anything else."""
    connection.execute(text("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ"))


def translated(error: Exception) -> Transient | Permanent:
    """The error as one of ours: what may pass by itself is Transient."""
    original = error.orig if isinstance(error, DBAPIError) else error
    state = getattr(original, "sqlstate", None)
    summary = f"PostgreSQL: {type(original).__name__} {state or ''}".strip()
    if state in _TRANSIENT_STATES or (state or "").startswith(_TRANSIENT_CLASSES):
        return Transient(summary)
    if state is None and isinstance(error, OperationalError | psycopg.OperationalError):
        return Transient(summary)
    if state is None and type(error).__name__ in ("TimeoutError", "InterfaceError"):
        return Transient(summary)
    return Permanent(summary)
