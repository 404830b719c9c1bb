"""PostgreSQL and Redis for a command: the configured ones, those of a running instance, or ours.

Embedded servers live in the state folder, so only its owner may start them. A database that we
start ourselves is brought to the newest schema at once; one that somebody configured is theirs to
migrate (`pointsman migrate`).
"""

import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass

from pydantic import SecretStr
from sqlalchemy import Engine

from classifier.key_files import takers_keys
from classifier.signing import use_keys
from cli.running.interrupts import uninterrupted
from cli.running.state import locked, running
from core.errors import StateLocked
from core.settings import Settings, load_settings
from store.engine import make_engine

_WAIT_FOR_OWNER_S = 10
_POLL_S = 0.1


@dataclass(frozen=True, slots=True, kw_only=True)
class Services:
    """Where PostgreSQL and Redis answer, and where the console is if one runs."""

    database_url: str
    redis_url: str
    console_url: str | None = None


@contextmanager
def services(settings: Settings) -> Iterator[Services]:
    """Services for one command; what it had to start is stopped when the context ends.

    While another process owns the state folder, it waits up to ten seconds for it to finish or
    to say where its services are.

    Raises:
        StateLocked: the folder stayed owned.
        Transient: an embedded server did not start.
    """
    with ExitStack() as stack:
        yield _configured(settings) or _shared(settings, stack) or _own(settings, stack)


@contextmanager
def own_services(settings: Settings) -> Iterator[Services]:
    """The configured services, and embedded ones for what is not; the caller owns the folder.

    Raises:
        Transient: an embedded server did not start.
    """
    stack = ExitStack()
    try:
        with uninterrupted():
            started = Services(
                database_url=_text(settings.database_url) or _start_postgres(settings, stack),
                redis_url=_text(settings.redis_url) or _start_redis(settings, stack),
            )
        yield started
    finally:
        with uninterrupted():
            stack.close()


@dataclass(frozen=True, slots=True, kw_only=True)
class Connected:
    """What a command works with: its settings, the services it found, an engine on the database."""

    settings: Settings
    services: Services
    engine: Engine


@contextmanager
def connected() -> Iterator[Connected]:
    """Reads the settings, finds the services and connects to the database.

    Raises:
        Invalid: a setting is wrong.
        StateLocked: as `services`.
        Transient: as `services`.
    """
    settings = load_settings()
    use_keys(takers_keys(settings))
    with services(settings) as found, engine_for(settings, found.database_url) as engine:
        yield Connected(settings=settings, services=found, engine=engine)


@contextmanager
def engine_for(settings: Settings, url: str) -> Iterator[Engine]:
    """An engine with the configured limits, disposed of in the end."""
    engine = make_engine(
        url,
        pool_size=settings.database_pool,
        statement_timeout_s=settings.statement_timeout_s,
    )
    try:
        yield engine
    finally:
        engine.dispose()


def _configured(settings: Settings) -> Services | None:
    database_url, redis_url = _text(settings.database_url), _text(settings.redis_url)
    if database_url is None or redis_url is None:
        return None
    found = running(settings.state_dir)
    console_url = found.console_url if found else None
    return Services(database_url=database_url, redis_url=redis_url, console_url=console_url)


def _shared(settings: Settings, stack: ExitStack) -> Services | None:
    """The services of whoever runs; None once the state folder is ours instead."""
    deadline = time.monotonic() + _WAIT_FOR_OWNER_S
    while True:
        if found := running(settings.state_dir):
            return Services(
                database_url=_text(settings.database_url) or found.database_url,
                redis_url=_text(settings.redis_url) or found.redis_url,
                console_url=found.console_url,
            )
        try:
            stack.enter_context(locked(settings.state_dir))
        except StateLocked:
            if time.monotonic() > deadline:
                raise
            time.sleep(_POLL_S)
        else:
            return None


def _own(settings: Settings, stack: ExitStack) -> Services:
    started = stack.enter_context(own_services(settings))
    if settings.database_url is None:
        bring_to_newest_schema(settings, started.database_url)
    return started


def bring_to_newest_schema(settings: Settings, url: str) -> None:
    """Migrates the database to the schema of this code.

    Raises:
        Transient: the database is away.
        Permanent: it refused the migration.
    """
    from migrations.upgrade import upgrade  # half a second to import

    with engine_for(settings, url) as engine:
        upgrade(engine, months_ahead=settings.partitions_ahead)


def _start_postgres(settings: Settings, stack: ExitStack) -> str:
    from store.embedded import embedded_postgres

    return stack.enter_context(embedded_postgres(settings.state_dir / "postgres"))


def _start_redis(settings: Settings, stack: ExitStack) -> str:
    from broker.embedded import embedded_redis

    return stack.enter_context(embedded_redis(settings.state_dir / "redis"))


def _text(secret: SecretStr | None) -> str | None:
    return None if secret is None else secret.get_secret_value()
