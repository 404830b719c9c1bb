"""Tokens of the API: made once, shown once, found again by the hash of their secret.

SHA-256 without salt or stretching is right here and would be wrong for passwords: a secret is 256
random bits, so there is no dictionary to try, and a slow hash would only slow every request.
"""

import hashlib
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, RowMapping, text

from core.errors import Invalid
from core.types import Role
from store.access import audit

PREFIX = "pointsman_"
"""What every token begins with, so that scanners for leaked secrets can know it."""
_SECRET_BYTES = 32
MAX_NAME_CHARS = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class ApiToken:
    """A token without its secret.

    Attributes:
        scopes: the only doors of its role that it opens; None for all of them.
        sources: whose tickets alone it reaches; None for everybody's.
        old_secret_until: until then the secret before the last rotation opens them too.
    """

    id: int
    name: str
    role: Role
    created_by: str
    created_at: datetime
    expires_at: datetime | None
    last_used_at: datetime | None
    revoked_at: datetime | None
    scopes: tuple[str, ...] | None
    sources: tuple[str, ...] | None
    old_secret_until: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class NewToken:
    """A token with the one look at its secret."""

    token: ApiToken
    secret: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Caller:
    """Who calls: a token, or a person by their session.

    Attributes:
        scopes: what a token is narrowed to; None for all that the role may.
        sources: whose tickets alone it reaches, the one that it sends as first; None for all.
    """

    name: str
    role: Role
    token_id: int | None = None
    person_id: int | None = None
    scopes: frozenset[str] | None = None
    sources: tuple[str, ...] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """A token to be made.

    Attributes:
        name: of the caller; 1 to 100 characters, no living token's and no person's.
        role: what the caller may do.
        scopes: what it is narrowed to; None for all that the role may.
        sources: whose tickets alone it reaches; None for everybody's.
        lifetime: after which it is void; None for never.
    """

    name: str
    role: Role
    scopes: tuple[str, ...] | None = None
    sources: tuple[str, ...] | None = None
    lifetime: timedelta | None = None


_COLUMNS = (
    "id, name, role, created_by, created_at, expires_at, last_used_at, revoked_at, scopes, "
    "sources, "
    "CASE WHEN old_secret_until > clock_timestamp() THEN old_secret_until END AS old_secret_until"
)
_LIVES = "revoked_at IS NULL AND (expires_at IS NULL OR expires_at > clock_timestamp())"
_CREATE = text(
    "INSERT INTO api_tokens (name, role, scopes, sources, secret_hash, created_by, expires_at) "
    "SELECT :name, :role, CAST(:scopes AS text[]), CAST(:sources AS text[]), :hash, :actor, "
    "clock_timestamp() + CAST(:lifetime AS interval) "
    "WHERE NOT EXISTS (SELECT FROM people WHERE lower(name) = lower(:name)) "
    f"ON CONFLICT (name) WHERE revoked_at IS NULL DO NOTHING RETURNING {_COLUMNS}"
)
_PAGE = text(f"SELECT {_COLUMNS} FROM api_tokens WHERE id > :after ORDER BY id LIMIT :most")
_UNREVOKED = text("SELECT id FROM api_tokens WHERE name = :name AND revoked_at IS NULL")
_ROTATE = text(
    "UPDATE api_tokens SET secret_hash = :hash, old_secret_hash = secret_hash, "
    "old_secret_until = clock_timestamp() + CAST(:grace AS interval) "
    f"WHERE id = :id AND {_LIVES} RETURNING {_COLUMNS}"
)
_REVOKE = text(
    "UPDATE api_tokens SET revoked_at = clock_timestamp() "
    "WHERE id = :id AND revoked_at IS NULL RETURNING name"
)
_KNOWN = text(
    "SELECT id, name, role, scopes, sources, last_used_at IS NULL "
    "OR last_used_at < clock_timestamp() - interval '1 minute' AS is_stale "
    "FROM api_tokens WHERE (secret_hash = :hash "
    "OR (old_secret_hash = :hash AND old_secret_until > clock_timestamp())) "
    f"AND {_LIVES}"
)
_USED = text("UPDATE api_tokens SET last_used_at = clock_timestamp() WHERE id = :id")


def create(connection: Connection, wanted: Wanted, *, actor: str) -> NewToken:
    """Makes a token.

    Raises:
        Invalid: the name is taken, empty or too long.
    """
    name = wanted.name.strip()
    if not 1 <= len(name) <= MAX_NAME_CHARS:
        raise Invalid("name", "is empty or too long", f"give 1 to {MAX_NAME_CHARS} characters")
    secret = _new_secret()
    values = {
        "name": name,
        "role": wanted.role,
        "scopes": None if wanted.scopes is None else sorted(set(wanted.scopes)),
        "sources": None if wanted.sources is None else list(dict.fromkeys(wanted.sources)),
        "hash": hash_of(secret),
        "actor": actor,
        "lifetime": wanted.lifetime,
    }
    row = connection.execute(_CREATE, values).one_or_none()
    if row is None:
        problem = "is that of a living token or of a person"
        raise Invalid("name", problem, "revoke the token first or take another")
    token = _token(row._mapping)
    told = ("name", "role", "scopes", "sources")
    detail = {each: getattr(token, each) for each in told}
    _record(connection, actor, "token.created", token.id, detail)
    return NewToken(token=token, secret=secret)


def tokens(connection: Connection, *, after: int, most: int) -> list[ApiToken]:
    """A page of every token there ever was, oldest first."""
    rows = connection.execute(_PAGE, {"after": after, "most": most})
    return [_token(row._mapping) for row in rows]


def unrevoked(connection: Connection, name: str) -> int:
    """The id of the token that has a name.

    Raises:
        Invalid: none has it, or it was revoked.
    """
    id_: int | None = connection.execute(_UNREVOKED, {"name": name}).scalar()
    if id_ is None:
        raise Invalid("name", "is not that of a living token", "see `pointsman tokens list`")
    return id_


def rotate(connection: Connection, id_: int, *, grace: timedelta, actor: str) -> NewToken | None:
    """Gives a token another secret; None if no token that lives has the id.

    Args:
        connection: an open transaction.
        id_: of the token.
        grace: for which the secret until now goes on; one that was in grace ends at once.
        actor: who does it.
    """
    secret = _new_secret()
    values = {"id": id_, "hash": hash_of(secret), "grace": grace}
    row = connection.execute(_ROTATE, values).one_or_none()
    if row is None:
        return None
    _record(connection, actor, "token.rotated", id_, {"name": row.name})
    return NewToken(token=_token(row._mapping), secret=secret)


def revoke(connection: Connection, id_: int, *, actor: str) -> bool:
    """Makes a token void at once, both its secrets; whether one had the id and was not yet."""
    name = connection.execute(_REVOKE, {"id": id_}).scalar()
    if name is None:
        return False
    _record(connection, actor, "token.revoked", id_, {"name": name})
    return True


def caller_of(connection: Connection, secret: str) -> Caller | None:
    """Whose secret this is; None when nobody's, or when it expired or was revoked.

    That it was used is written at most once a minute.
    """
    row = connection.execute(_KNOWN, {"hash": hash_of(secret)}).one_or_none()
    if row is None:
        return None
    if row.is_stale:
        connection.execute(_USED, {"id": row.id})
    return Caller(
        token_id=row.id,
        name=row.name,
        role=Role(row.role),
        scopes=None if row.scopes is None else frozenset(row.scopes),
        sources=None if row.sources is None else tuple(row.sources),
    )


def hash_of(secret: str) -> bytes:
    """What is kept of a secret of 256 random bits."""
    return hashlib.sha256(secret.encode("utf-8", "replace")).digest()


def _new_secret() -> str:
    return PREFIX + secrets.token_urlsafe(_SECRET_BYTES)


def _token(row: RowMapping) -> ApiToken:
    lists = {name: row[name] and tuple(row[name]) for name in ("scopes", "sources")}
    return ApiToken(**{**row, "role": Role(row["role"]), **lists})


def _record(
    connection: Connection, actor: str, action: str, id_: int, detail: dict[str, Any]
) -> None:
    audit.record(connection, actor=actor, action=action, subject=f"token {id_}", detail=detail)
