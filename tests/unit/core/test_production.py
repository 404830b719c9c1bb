"""What the settings tell of open doors, and that they are shut in production alone."""

import pytest
from pydantic import SecretStr

from core.errors import Invalid
from core.production import plain_connections, refuse_weak
from core.settings import Settings


def _settings(**changes: object) -> Settings:
    return Settings(_env_file=None, **changes)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "weak",
    [{"console_guest": "ann"}, {"webhook_http": True}, {"session_cookie_secure": False}],
    ids=str,
)
def test_settings_for_trying_out_keep_a_process_from_starting_in_production(
    weak: dict[str, object],
) -> None:
    refuse_weak(_settings(**weak))
    with pytest.raises(Invalid) as refused:
        refuse_weak(_settings(production=True, **weak))
    assert refused.value.field == f"POINTSMAN_{next(iter(weak)).upper()}"
    refuse_weak(_settings(production=True))


@pytest.mark.parametrize(
    ("url", "is_plain"),
    [
        ("postgresql://u:p@db.internal/x", True),
        ("postgresql://u:p@db.internal/x?sslmode=prefer", True),
        ("postgresql://u:p@10.0.0.4/x?sslmode=require", False),
        ("postgresql://u:p@db.internal/x?sslmode=verify-full&sslrootcert=/ca.pem", False),
        ("postgresql://u:p@127.0.0.1/x", False),
        ("postgresql://u:p@[::1]:5432/x", False),
        ("postgresql://localhost/x", False),
        ("postgresql:///x?host=/run/postgresql", False),
    ],
)
def test_a_database_elsewhere_without_tls_is_told_of(
    url: str, is_plain: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("PGSSLMODE", raising=False)
    assert plain_connections(_settings(database_url=SecretStr(url))) == ["PostgreSQL"] * is_plain


@pytest.mark.parametrize(
    ("url", "is_plain"),
    [
        ("redis://:p@cache.internal/0", True),
        ("rediss://:p@cache.internal/0", False),
        ("redis://:p@localhost:6379/0", False),
        ("redis+socket:///run/redis.sock", False),
        ("amqp://u:p@mq.internal//", True),
        ("amqps://u:p@mq.internal//", False),
    ],
)
def test_a_broker_elsewhere_without_tls_is_told_of(url: str, is_plain: bool) -> None:
    assert plain_connections(_settings(redis_url=SecretStr(url))) == ["Redis"] * is_plain


def test_a_provider_elsewhere_without_tls_is_told_of() -> None:
    assert plain_connections(_settings(oidc_issuer="http://id.internal")) == ["the OpenID provider"]
    assert plain_connections(_settings(oidc_issuer="https://id.internal")) == []
