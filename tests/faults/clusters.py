"""Clusters of PostgreSQL that a test breaks, and systems on them."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy import Engine

from migrations.upgrade import upgrade
from store.engine import make_engine
from tests.factories.postgres_server import PostgresServer
from tests.faults.conftest import System


@contextmanager
def migrated(url: str) -> Iterator[Engine]:
    engine = make_engine(url, pool_size=4, statement_timeout_s=10)
    try:
        upgrade(engine, months_ahead=1)
        yield engine
    finally:
        engine.dispose()


@contextmanager
def system_on(
    engine: Engine, url: str, redis_url: str, folder: Path, seed: int
) -> Iterator[System]:
    made = System(engine=engine, urls=(url, redis_url), folder=folder, seed=seed)
    try:
        made.install_model()
        yield made
    finally:
        made.close()


@contextmanager
def cluster(folder: Path, **settings: str) -> Iterator[PostgresServer]:
    server = PostgresServer(folder, **settings)
    server.create()
    server.start()
    try:
        yield server
    finally:
        server.stop()
