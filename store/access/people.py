"""People who sign in: their names, roles and password hashes, and the lock after wrong tries.

That a try counts is written before the password is looked at, and taken back when it was right: so
a hundred tries at once are a hundred tries.
"""

import re
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, RowMapping, text

from core.errors import Invalid
from core.types import Role
from store.access import audit

MAX_NAME_CHARS = 100
NAME = re.compile(rf"[\w.@+|:-]{{1,{MAX_NAME_CHARS}}}")
"""An e-mail address or a login."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """Somebody who may sign in, without the hash.

    Attributes:
        oidc_issuer: the provider through which they come; None for a password alone.
        version: grows with each change.
        locked_until: until then no password is right.
        disabled_at: since when nothing lets them in.
    """

    id: int
    name: str
    role: Role
    has_password: bool
    oidc_issuer: str | None
    version: int
    created_by: str
    created_at: datetime
    signed_in_at: datetime | None
    locked_until: datetime | None
    disabled_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Identity:
    """Who somebody is at an OpenID provider: unique, and never given to another."""

    issuer: str
    subject: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Lockout:
    """After how many wrong tries in a row a person is locked, and for how long."""

    failures: int
    time: timedelta


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """A try that may succeed: whose it is, and the hash that the password must fit."""

    person_id: int
    name: str
    password_hash: str


_COLUMNS = (
    "id, name, role, password_hash IS NOT NULL AS has_password, oidc_issuer, version, created_by, "
    "created_at, signed_in_at, "
    "CASE WHEN locked_until > clock_timestamp() THEN locked_until END AS locked_until, disabled_at"
)
_ADD = text(
    "INSERT INTO people (name, role, password_hash, oidc_issuer, oidc_subject, created_by) "
    "SELECT :name, :role, CAST(:hash AS text), CAST(:issuer AS text), CAST(:subject AS text), "
    ":actor WHERE NOT EXISTS (SELECT FROM api_tokens "
    "WHERE lower(name) = lower(:name) AND revoked_at IS NULL) "
    f"ON CONFLICT DO NOTHING RETURNING {_COLUMNS}"
)
_PAGE = text(f"SELECT {_COLUMNS} FROM people WHERE id > :after ORDER BY id LIMIT :most")
_ONE = text(f"SELECT {_COLUMNS} FROM people WHERE id = :id FOR UPDATE")
_NAMED = text(f"SELECT {_COLUMNS} FROM people WHERE lower(name) = lower(:name)")
_KNOWN = text(
    f"SELECT {_COLUMNS} FROM people WHERE oidc_issuer = :issuer AND oidc_subject = :subject"
)
_CHANGE = text(
    "UPDATE people SET version = version + 1, role = :role, disabled_at = CASE "
    "WHEN :disabled THEN coalesce(disabled_at, clock_timestamp()) END "
    f"WHERE id = :id RETURNING {_COLUMNS}"
)
_SET_PASSWORD = text(
    "UPDATE people SET version = version + 1, password_hash = :hash, failed_attempts = 0, "
    "locked_until = NULL WHERE id = :id"
)
_TRY = text(
    "UPDATE people SET "
    "failed_attempts = CASE WHEN locked_until IS NULL THEN failed_attempts ELSE 0 END + 1, "
    "locked_until = CASE "
    "WHEN CASE WHEN locked_until IS NULL THEN failed_attempts ELSE 0 END + 1 >= :failures "
    "THEN clock_timestamp() + CAST(:time AS interval) END "
    "WHERE lower(name) = lower(:name) AND disabled_at IS NULL AND password_hash IS NOT NULL "
    "AND (locked_until IS NULL OR locked_until <= clock_timestamp()) "
    "RETURNING id, name, password_hash"
)
_WAS_RIGHT = text(
    "UPDATE people SET failed_attempts = 0, locked_until = NULL, "
    "password_hash = coalesce(CAST(:rehashed AS text), password_hash) WHERE id = :id"
)
_CAME = text("UPDATE people SET signed_in_at = clock_timestamp() WHERE id = :id")
_END_SESSIONS = text("DELETE FROM sessions WHERE person_id = :id")


def add(
    connection: Connection,
    *,
    name: str,
    role: Role,
    actor: str,
    password_hash: str | None = None,
    identity: Identity | None = None,
) -> Person:
    """Lets somebody in from now on.

    Raises:
        Invalid: the name is no name, or that of another person or of a living token.
    """
    if not NAME.fullmatch(name):
        fix = f"take an e-mail address or a login of 1 to {MAX_NAME_CHARS} characters"
        raise Invalid("name", "is no name of a person", fix)
    values = {
        "name": name,
        "role": role,
        "hash": password_hash,
        "issuer": identity and identity.issuer,
        "subject": identity and identity.subject,
        "actor": actor,
    }
    row = connection.execute(_ADD, values).one_or_none()
    if row is None:
        raise Invalid("name", "is that of a person or of a living token", "take another")
    made = _person(row._mapping)
    _record(connection, actor, "person.added", made, {"name": made.name, "role": made.role})
    return made


def ensure(connection: Connection, *, name: str, role: Role, actor: str) -> None:
    """Lets somebody in who has no password, unless somebody of that name is known."""
    if connection.execute(_NAMED, {"name": name}).one_or_none() is None:
        add(connection, name=name, role=role, actor=actor)


def people(connection: Connection, *, after: int, most: int) -> list[Person]:
    """A page of everybody, in the order in which they were added."""
    rows = connection.execute(_PAGE, {"after": after, "most": most})
    return [_person(row._mapping) for row in rows]


def person(connection: Connection, id_: int) -> Person | None:
    """One person, locked against changes until the transaction ends."""
    row = connection.execute(_ONE, {"id": id_}).one_or_none()
    return None if row is None else _person(row._mapping)


def person_named(connection: Connection, name: str) -> Person:
    """The person of a name.

    Raises:
        Invalid: nobody has it.
    """
    row = connection.execute(_NAMED, {"name": name}).one_or_none()
    if row is None:
        raise Invalid("name", "is nobody's", "see `pointsman people list`")
    return _person(row._mapping)


def person_of(connection: Connection, identity: Identity) -> Person | None:
    """Who somebody of an OpenID provider is here."""
    values = {"issuer": identity.issuer, "subject": identity.subject}
    row = connection.execute(_KNOWN, values).one_or_none()
    return None if row is None else _person(row._mapping)


def change(
    connection: Connection, one: Person, *, actor: str, role: Role, disabled: bool
) -> Person:
    """Gives a person a role, and lets them in or not; a disabled person's sessions end."""
    values = {"id": one.id, "role": role, "disabled": disabled}
    changed = _person(connection.execute(_CHANGE, values).one()._mapping)
    if disabled:
        connection.execute(_END_SESSIONS, {"id": one.id})
    detail = {"name": one.name, "role": role, "before": one.role, "disabled": disabled}
    _record(connection, actor, "person.changed", one, detail)
    return changed


def set_password(connection: Connection, one: Person, password_hash: str, *, actor: str) -> None:
    """Gives a person another password: every session ends, and no lock is left."""
    connection.execute(_SET_PASSWORD, {"id": one.id, "hash": password_hash})
    connection.execute(_END_SESSIONS, {"id": one.id})
    _record(connection, actor, "person.password_set", one, {"name": one.name})


def begin_attempt(connection: Connection, name: str, lockout: Lockout) -> Attempt | None:
    """Counts a try to sign in with a password.

    Returns:
        What it must fit; None where no password would: nobody has the name, or they are locked,
        disabled or without a password.
    """
    values = {"name": name, "failures": lockout.failures, "time": lockout.time}
    row = connection.execute(_TRY, values).one_or_none()
    if row is None:
        return None
    return Attempt(person_id=row.id, name=row.name, password_hash=row.password_hash)


def was_right(connection: Connection, attempt: Attempt, *, rehashed: str | None) -> None:
    """Takes back that a try counted, because its password was right.

    Args:
        connection: an open transaction.
        attempt: the try.
        rehashed: the password's hash by today's parameters, if they changed.
    """
    connection.execute(_WAS_RIGHT, {"id": attempt.person_id, "rehashed": rehashed})


def came(connection: Connection, person_id: int) -> None:
    """Notes that somebody signed in."""
    connection.execute(_CAME, {"id": person_id})


def _person(row: RowMapping) -> Person:
    return Person(**{**row, "role": Role(row["role"])})


def _record(
    connection: Connection, actor: str, action: str, one: Person, detail: dict[str, Any]
) -> None:
    subject = f"person {one.id}"
    audit.record(connection, actor=actor, action=action, subject=subject, detail=detail)
