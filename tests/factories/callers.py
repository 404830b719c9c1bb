"""Callers of the API: an application on the test's own services, and tokens for it."""

from collections.abc import Callable

from pydantic import SecretStr
from sqlalchemy import Engine
from starlette.testclient import TestClient

from broker.rate_counts import RateCounts
from core.passwords import hash_password
from core.settings import Settings
from core.types import Role
from store.access import people
from store.access.api_tokens import Wanted, create
from store.access.people import Person
from store.engine import transaction
from web.callers import Doorman, make_doorman
from web.rate_limits import RateLimits

Serve = Callable[..., TestClient]
"""Starts an application with the settings given; a client of it."""
PASSWORD = "four unrelated words here"


def web_settings(database_url: str, redis_url: str, **changes: object) -> Settings:
    urls = {"database_url": SecretStr(database_url), "redis_url": SecretStr(redis_url)}
    return Settings(**{**urls, **changes})  # type: ignore[arg-type]


def a_secret(engine: Engine, role: Role = Role.HELPDESK, name: str | None = None) -> str:
    made = transaction(
        engine,
        lambda c: create(c, Wanted(name=name or f"a-{role}", role=role), actor="ann"),
    )
    return made.secret


def a_doorman(engine: Engine, **changes: object) -> Doorman:
    settings = web_settings("postgresql://x", "redis://127.0.0.1:1/0", **changes)
    counts = RateCounts("redis://127.0.0.1:1/0", timeout_s=0.1)
    return make_doorman(engine, settings, RateLimits(counts, settings))


def a_person(engine: Engine, name: str = "ann@example.com", role: Role = Role.OPS) -> Person:
    """Somebody whose password is `PASSWORD`."""
    hashed = hash_password(PASSWORD, min_chars=1)
    return transaction(
        engine, lambda c: people.add(c, name=name, role=role, password_hash=hashed, actor="bob")
    )


def sign_in(client: TestClient, name: str = "ann@example.com") -> str:
    """Signs the client in by its cookie; gives the CSRF token."""
    answer = client.post("/v1/sign-in", json={"name": name, "password": PASSWORD})
    assert answer.status_code == 200, answer.text
    return str(answer.json()["csrf_token"])


def bearer(secret: str) -> dict[str, str]:
    return {"authorization": f"Bearer {secret}"}
