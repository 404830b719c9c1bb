from datetime import timedelta

import pytest
from fastapi import APIRouter, FastAPI
from sqlalchemy import Engine, text
from starlette.testclient import TestClient

from core.errors import Permanent
from core.types import Role
from store.access.api_tokens import Wanted, create, revoke, unrevoked
from store.engine import transaction
from tests.factories.callers import a_doorman, a_secret, bearer
from web.access import ACCESS, admit


def test_a_stranger_is_told_how_to_come_in(client: TestClient) -> None:
    answer = client.get("/v1/tickets")
    assert answer.headers["www-authenticate"] == "Bearer"
    assert answer.json()["type"] == "/problems/unauthenticated"
    assert "Bearer" in answer.json()["fix"]


def test_every_door_that_the_description_lists_has_its_entry(client: TestClient) -> None:
    paths = client.get("/openapi.json").json()["paths"]
    listed = {(method.upper(), path) for path, methods in paths.items() for method in methods}
    assert listed <= ACCESS.keys()
    assert ("POST", "/v1/tickets") in listed


def test_a_route_without_an_entry_keeps_the_process_from_starting(engine: Engine) -> None:
    routes = APIRouter()
    routes.add_api_route("/v1/secrets", lambda: None, methods=["DELETE"])
    with pytest.raises(Permanent, match="DELETE /v1/secrets"):
        admit(FastAPI(), [routes], a_doorman(engine))


def test_a_revoked_token_and_one_that_is_over_open_nothing(
    client: TestClient, engine: Engine
) -> None:
    secret = a_secret(engine, Role.AGENT, "ann")
    assert client.get("/v1/tickets", headers=bearer(secret)).status_code == 200
    transaction(engine, lambda c: revoke(c, unrevoked(c, "ann"), actor="bob"))
    assert client.get("/v1/tickets", headers=bearer(secret)).status_code == 401
    over = transaction(
        engine,
        lambda c: create(
            c, Wanted(name="x", role=Role.OPS, lifetime=timedelta(seconds=-1)), actor="bob"
        ),
    )
    assert client.get("/v1/tickets", headers=bearer(over.secret)).status_code == 401


def test_use_is_written_at_most_once_a_minute(client: TestClient, engine: Engine) -> None:
    secret = bearer(a_secret(engine, Role.AGENT))

    def used_after_a_call() -> object:
        client.get("/v1/tickets", headers=secret)
        with engine.connect() as connection:
            return connection.execute(text("SELECT last_used_at FROM api_tokens")).scalar_one()

    first = used_after_a_call()
    assert first is not None
    assert used_after_a_call() == first
    aged = "UPDATE api_tokens SET last_used_at = last_used_at - interval '61 seconds'"
    transaction(engine, lambda c: c.execute(text(aged)))
    assert used_after_a_call() > first  # type: ignore[operator]


def test_the_secret_is_nowhere_in_the_database(engine: Engine) -> None:
    secret = a_secret(engine, name="shop")
    with engine.connect() as connection:
        for table in ("api_tokens", "audit_log"):
            rows = connection.execute(text(f"SELECT to_jsonb(r)::text FROM {table} r")).scalars()
            stored = " ".join(rows)
            assert "shop" in stored
            assert secret not in stored
            assert secret.removeprefix("pointsman_") not in stored
