"""Sessions of people: a random secret in a cookie, found again by its hash.

Role and right to come in are read from the person at each use, so that a change counts at once.
"""

import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Connection, text

from core.types import Role
from store.access import audit, people
from store.access.api_tokens import Caller, hash_of

_SECRET_BYTES = 32


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionLife:
    """How long a session lasts at most, and how long without being used."""

    most: timedelta
    idle: timedelta


@dataclass(frozen=True, slots=True, kw_only=True)
class Session:
    """One sign-in that is not over; `is_this` where the secret at hand is its own."""

    created_at: datetime
    seen_at: datetime
    is_this: bool


_LIVES = (
    "s.created_at > clock_timestamp() - CAST(:most AS interval) "
    "AND s.seen_at > clock_timestamp() - CAST(:idle AS interval)"
)
_SWEEP = text(f"DELETE FROM sessions s WHERE NOT ({_LIVES})")
_BEGIN = text("INSERT INTO sessions (secret_hash, person_id) VALUES (:hash, :person)")
_KNOWN = text(
    "SELECT p.id, p.name, p.role, "
    "s.seen_at < clock_timestamp() - interval '1 minute' AS is_stale "
    "FROM sessions s JOIN people p ON p.id = s.person_id "
    f"WHERE s.secret_hash = :hash AND p.disabled_at IS NULL AND {_LIVES}"
)
_SEEN = text("UPDATE sessions SET seen_at = clock_timestamp() WHERE secret_hash = :hash")
_END = text("DELETE FROM sessions WHERE secret_hash = :hash")
_OF_PERSON = text(
    "SELECT s.created_at, s.seen_at, s.secret_hash = :hash AS is_this FROM sessions s "
    f"WHERE s.person_id = :person AND {_LIVES} ORDER BY s.seen_at DESC LIMIT 20"
)
_END_OTHERS = text(
    "DELETE FROM sessions WHERE person_id = :person AND secret_hash <> :hash RETURNING person_id"
)


def begin(connection: Connection, person_id: int, life: SessionLife, *, name: str) -> str:
    """Lets somebody in who proved who they are; sessions that are over are swept away.

    Returns:
        The secret for the cookie.
    """
    connection.execute(_SWEEP, _times(life))
    secret = secrets.token_urlsafe(_SECRET_BYTES)
    connection.execute(_BEGIN, {"hash": hash_of(secret), "person": person_id})
    people.came(connection, person_id)
    audit.record(connection, actor=name, action="person.signed_in", subject=f"person {person_id}")
    return secret


def caller_of(connection: Connection, secret: str, life: SessionLife) -> Caller | None:
    """Whose session this is; None when nobody's, or when it is over or the person disabled.

    That it was used is written at most once a minute.
    """
    hash_ = hash_of(secret)
    row = connection.execute(_KNOWN, {"hash": hash_, **_times(life)}).one_or_none()
    if row is None:
        return None
    if row.is_stale:
        connection.execute(_SEEN, {"hash": hash_})
    return Caller(person_id=row.id, name=row.name, role=Role(row.role))


def end(connection: Connection, secret: str) -> None:
    """Ends a session, if it is one."""
    connection.execute(_END, {"hash": hash_of(secret)})


def of_person(
    connection: Connection, person_id: int, secret: str, life: SessionLife
) -> list[Session]:
    """The newest 20 sessions of a person that go on, last used first."""
    values = {"person": person_id, "hash": hash_of(secret), **_times(life)}
    return [Session(**row._mapping) for row in connection.execute(_OF_PERSON, values)]


def end_others(connection: Connection, person_id: int, secret: str, *, name: str) -> int:
    """Ends every session of a person but this one; how many there were."""
    values = {"person": person_id, "hash": hash_of(secret)}
    ended = len(connection.execute(_END_OTHERS, values).all())
    audit.record(
        connection,
        actor=name,
        action="person.signed_out_elsewhere",
        subject=f"person {person_id}",
        detail={"sessions": ended},
    )
    return ended


def _times(life: SessionLife) -> dict[str, timedelta]:
    return {"most": life.most, "idle": life.idle}
