"""The web application on the test's own database and Redis."""

from collections.abc import Iterator

import pytest
from sqlalchemy import Engine
from starlette.testclient import TestClient

from tests.factories.callers import a_secret, bearer, web_settings
from web.app import make_app


@pytest.fixture
def client(postgres_url: str, redis_url: str) -> Iterator[TestClient]:
    with TestClient(make_app(web_settings(postgres_url, redis_url))) as made:
        yield made


@pytest.fixture
def shop(client: TestClient, engine: Engine) -> TestClient:
    """The client with the token of a helpdesk called shop."""
    client.headers.update(bearer(a_secret(engine, name="shop")))
    return client
