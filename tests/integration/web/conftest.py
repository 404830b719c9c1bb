"""The web application on the test's own database and Redis."""

from collections.abc import Iterator
from contextlib import ExitStack
from typing import Any

import pytest
from sqlalchemy import Engine
from starlette.testclient import TestClient

from tests.factories.callers import Serve, a_secret, bearer, web_settings
from web.app import make_app


@pytest.fixture
def serve(postgres_url: str, redis_url: str) -> Iterator[Serve]:
    """Makes clients of applications with the settings given, and ends them after the test."""
    with ExitStack() as open_:

        def started(redis_url: str = redis_url, **changes: Any) -> TestClient:
            settings = web_settings(postgres_url, redis_url, **changes)
            return open_.enter_context(TestClient(make_app(settings)))

        yield started


@pytest.fixture
def client(serve: Serve) -> TestClient:
    return serve()


@pytest.fixture
def shop(client: TestClient, engine: Engine) -> TestClient:
    """The client with the token of a helpdesk called shop."""
    client.headers.update(bearer(a_secret(engine, name="shop")))
    return client
