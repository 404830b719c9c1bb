"""Tokens of the API: made once, shown once, found again by the hash of their secret.

SHA-256 without salt or stretching is right here and would be wrong for passwords: a secret is 256
random bits, so there is no dictionary to try, and a slow hash would only slow every request.
"""

import hashlib
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Connection, text

from core.errors import Invalid
from core.types import Role
from store import audit

PREFIX = "pointsman_"
"""What every token begins with, so that scanners for leaked secrets can know it."""
_SECRET_BYTES = 32
_MAX_NAME_CHARS = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class ApiToken:
    """A token without its secret."""

    id: int
    name: str
    role: Role
    created_by: str
    created_at: datetime
    expires_at: datetime | None
    last_used_at: datetime | None
    revoked_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class NewToken:
    """A token with the one look at its secret."""

    token: ApiToken
    secret: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Caller:
    """Who calls, as its token says."""

    token_id: int
    name: str
    role: Role


_COLUMNS = "id, name, role, created_by, created_at, expires_at, last_used_at, revoked_at"
_LIVES = "revoked_at IS NULL AND (expires_at IS NULL OR expires_at > clock_timestamp())"
_CREATE = text(
    "INSERT INTO api_tokens (name, role, secret_hash, created_by, expires_at) "
    "VALUES (:name, :role, :hash, :actor, clock_timestamp() + CAST(:lifetime AS interval)) "
    f"ON CONFLICT (name) WHERE revoked_at IS NULL DO NOTHING RETURNING {_COLUMNS}"
)
_LIST = text(f"SELECT {_COLUMNS} FROM api_tokens ORDER BY id")
_REVOKE = text(
    "UPDATE api_tokens SET revoked_at = clock_timestamp() "
    "WHERE name = :name AND revoked_at IS NULL RETURNING id"
)
_KNOWN = text(
    "SELECT id, name, role, last_used_at IS NULL "
    "OR last_used_at < clock_timestamp() - interval '1 minute' AS is_stale "
    f"FROM api_tokens WHERE secret_hash = :hash AND {_LIVES}"
)
_USED = text("UPDATE api_tokens SET last_used_at = clock_timestamp() WHERE id = :id")


def create(
    connection: Connection, *, name: str, role: Role, lifetime: timedelta | None, actor: str
) -> NewToken:
    """Makes a token.

    Args:
        connection: an open transaction.
        name: of the caller; 1 to 100 characters, and no living token has it.
        role: what the caller may do.
        lifetime: after which the token is void; None for never.
        actor: who makes it.

    Raises:
        Invalid: the name is taken, empty or too long.
    """
    if not 1 <= len(name.strip()) <= _MAX_NAME_CHARS:
        raise Invalid("name", "is empty or too long", f"give 1 to {_MAX_NAME_CHARS} characters")
    secret = PREFIX + secrets.token_urlsafe(_SECRET_BYTES)
    values = {
        "name": name.strip(),
        "role": role,
        "hash": _hash(secret),
        "actor": actor,
        "lifetime": lifetime,
    }
    row = connection.execute(_CREATE, values).one_or_none()
    if row is None:
        raise Invalid("name", "is that of a living token", "revoke it first or take another")
    token = ApiToken(**{**row._mapping, "role": Role(row.role)})
    audit.record(
        connection,
        actor=actor,
        action="token.created",
        subject=f"token {token.id}",
        detail={"name": token.name, "role": token.role},
    )
    return NewToken(token=token, secret=secret)


def tokens(connection: Connection) -> list[ApiToken]:
    """Every token there ever was, oldest first."""
    return [
        ApiToken(**{**row._mapping, "role": Role(row.role)}) for row in connection.execute(_LIST)
    ]


def revoke(connection: Connection, name: str, *, actor: str) -> None:
    """Makes a token void at once.

    Raises:
        Invalid: no living token has that name.
    """
    id_ = connection.execute(_REVOKE, {"name": name}).scalar()
    if id_ is None:
        raise Invalid("name", "is not that of a living token", "see `pointsman tokens list`")
    audit.record(connection, actor=actor, action="token.revoked", subject=f"token {id_}")


def caller_of(connection: Connection, secret: str) -> Caller | None:
    """Whose secret this is; None when nobody's, or when it expired or was revoked.

    That it was used is written at most once a minute.
    """
    row = connection.execute(_KNOWN, {"hash": _hash(secret)}).one_or_none()
    if row is None:
        return None
    if row.is_stale:
        connection.execute(_USED, {"id": row.id})
    return Caller(token_id=row.id, name=row.name, role=Role(row.role))


def _hash(secret: str) -> bytes:
    return hashlib.sha256(secret.encode()).digest()
