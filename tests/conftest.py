"""Real services for the tests: one PostgreSQL and one Redis a session, a fresh database a test."""

import os
import shutil
import signal
import tempfile
from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import hypothesis
import pytest
import redis
from sqlalchemy import Engine, make_url

import tests.factories.formats  # noqa: F401  (float32 on every machine)
from broker.embedded import embedded_redis
from classifier.signing import Keyring, use_keys
from migrations.upgrade import upgrade
from store.embedded import embedded_postgres
from store.engine import make_engine
from tests.databases import Databases, fresh_database, run, url_of

# A slow machine is not a failing test.
hypothesis.settings.register_profile("pointsman", deadline=None)
hypothesis.settings.load_profile("pointsman")
# A shell lets what it runs in the background ignore Ctrl-C, and their children with them.
signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture(scope="session")
def services_folder() -> Iterator[Path]:
    """A folder that the embedded PostgreSQL can enter, which as root runs as another user.

    pytest's own temporary folders are closed to others at each start of any pytest.
    """
    with tempfile.TemporaryDirectory(prefix="pointsman-tests-") as name:
        folder = Path(name)
        folder.chmod(0o755)
        yield folder


@pytest.fixture(scope="session", autouse=True)
def home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The state folder of what no test gives one: never that of the person who runs the tests."""
    folder = tmp_path_factory.mktemp("home")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("POINTSMAN_STATE_DIR", str(folder))
        yield folder


@pytest.fixture(autouse=True)
def keys(home: Path) -> Iterator[None]:
    """What a test has this process sign with and trust ends with the test."""
    yield
    use_keys(Keyring())
    shutil.rmtree(home / "keys", ignore_errors=True)


@pytest.fixture(scope="session")
def postgres_server(services_folder: Path) -> Iterator[str]:
    """URL of a server on which databases may be made and dropped."""
    given = os.environ.get("POINTSMAN_DATABASE_URL")
    if given:
        yield given
        return
    with embedded_postgres(services_folder / "postgres") as url:
        run(url, "ALTER SYSTEM SET fsync = off")  # no test pulls the machine's own plug
        run(url, "SELECT pg_reload_conf()")
        yield url


@pytest.fixture(scope="session")
def template_database(postgres_server: str) -> Iterator[str]:
    """Name of a migrated database that tests are cloned from."""
    name = f"template_{uuid4().hex[:8]}"
    run(postgres_server, f'CREATE DATABASE "{name}"')
    engine = make_engine(url_of(postgres_server, name), pool_size=2, statement_timeout_s=30)
    upgrade(engine, months_ahead=1)
    engine.dispose()
    yield name
    run(postgres_server, f'DROP DATABASE "{name}" WITH (FORCE)')


@pytest.fixture
def empty_database_url(postgres_server: str) -> Iterator[str]:
    """URL of a database without any table."""
    yield from fresh_database(postgres_server, "template1")


@pytest.fixture(scope="session")
def databases(postgres_server: str, template_database: str) -> Iterator[Databases]:
    """Clean databases, one after the other."""
    made = Databases(postgres_server, template_database)
    yield made
    made.drop()


@pytest.fixture
def postgres_url(databases: Databases) -> str:
    """URL of a migrated database of the test's own."""
    return databases.clean()


@pytest.fixture
def engine(postgres_url: str) -> Iterator[Engine]:
    """An engine on a migrated database of the test's own."""
    made = make_engine(postgres_url, pool_size=4, statement_timeout_s=10)
    yield made
    made.dispose()


@pytest.fixture(scope="session")
def redis_server(services_folder: Path) -> Iterator[str]:
    """URL of a Redis database; each process of a parallel run has its own."""
    given = os.environ.get("POINTSMAN_REDIS_URL")
    if given:
        process = os.environ.get("PYTEST_XDIST_WORKER", "").removeprefix("gw")
        server = make_url(given)
        yield server.set(database=process or server.database).render_as_string(hide_password=False)
        return
    with embedded_redis(services_folder / "redis") as url:
        yield url


@pytest.fixture
def redis_url(redis_server: str) -> str:
    """URL of a Redis that holds nothing."""
    with redis.Redis.from_url(redis_server) as client:
        client.flushdb()
    return redis_server


@pytest.fixture
def samples() -> Path:
    """The folder of the demo's tickets, labels and rules."""
    return Path(__file__).parent.parent / "samples"
