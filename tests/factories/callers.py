"""Callers of the API: an application on the test's own services, and tokens for it."""

from pydantic import SecretStr
from sqlalchemy import Engine

from core.settings import Settings
from core.types import Role
from store.api_tokens import create
from store.engine import transaction


def web_settings(database_url: str, redis_url: str, **changes: object) -> Settings:
    urls = {"database_url": SecretStr(database_url), "redis_url": SecretStr(redis_url)}
    return Settings(**{**urls, **changes})  # type: ignore[arg-type]


def a_secret(engine: Engine, role: Role = Role.HELPDESK, name: str | None = None) -> str:
    made = transaction(
        engine,
        lambda c: create(c, name=name or f"a-{role}", role=role, lifetime=None, actor="ann"),
    )
    return made.secret


def bearer(secret: str) -> dict[str, str]:
    return {"authorization": f"Bearer {secret}"}
