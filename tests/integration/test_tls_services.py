"""PostgreSQL and Redis over TLS, as their URLs say: what is checked there is checked."""

from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit
from uuid import uuid4

import pytest
from sqlalchemy import make_url, text

from broker.app import make_producer_app
from broker.client import announce
from broker.health import probe
from core.errors import Transient
from store.engine import make_engine, transaction
from tests.factories.tls import Authority, tls_before


@pytest.fixture
def authority(tmp_path: Path) -> Authority:
    return Authority(tmp_path)


@pytest.fixture
def other(tmp_path: Path) -> Authority:
    """One that did not sign the server's certificate."""
    return Authority(tmp_path, "other")


@pytest.fixture
def redis_tls(redis_url: str, authority: Authority) -> Iterator[str]:
    """The URL of the test's Redis with TLS before it, less what is checked."""
    found = urlsplit(redis_url)
    with tls_before(found.port or 6379, authority.server_of("localhost")) as port:
        yield f"rediss://:{found.password or ''}@localhost:{port}{found.path}"


def _checking(url: str, authority: Authority) -> str:
    return f"{url}?ssl_cert_reqs=required&ssl_ca_certs={authority.file}"


def test_messages_and_probes_go_to_redis_over_tls(redis_tls: str, authority: Authority) -> None:
    url = _checking(redis_tls, authority)
    assert probe(url, timeout_s=5).version
    assert announce(make_producer_app(url, publish_timeout_s=5), [uuid4()], per_message=1)


def test_a_redis_that_another_authority_vouches_for_gets_nothing(
    redis_tls: str, other: Authority
) -> None:
    url = _checking(redis_tls, other)
    with pytest.raises(Transient):
        probe(url, timeout_s=5)
    assert not announce(make_producer_app(url, publish_timeout_s=5), [uuid4()], per_message=1)


def _answers(url: str) -> int:
    engine = make_engine(url, pool_size=1, statement_timeout_s=5)
    try:
        return transaction(engine, lambda c: int(c.execute(text("SELECT 1")).scalar_one()))
    finally:
        engine.dispose()


def test_postgres_is_spoken_to_as_its_url_says(
    postgres_url: str, authority: Authority, other: Authority
) -> None:
    found = make_url(postgres_url)
    folder, number = found.query.get("host"), found.port or 5432
    place = f"{folder}/.s.PGSQL.{number}" if isinstance(folder, str) else number
    right = authority.server_of("localhost")
    with tls_before(place, right, is_postgres=True) as port:
        asked = found.set(host="localhost", port=port, query={"sslmode": "verify-full"})
        url = asked.render_as_string(hide_password=False)
        assert _answers(f"{url}&sslrootcert={authority.file}") == 1
        with pytest.raises(Transient):
            _answers(f"{url}&sslrootcert={other.file}")
