"""Answers kept by `Idempotency-Key`, in the transaction that did what they tell of.

So an answer is kept if and only if the work was committed, and of several requests at once with
one key the first to insert it works while the others wait for its commit.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import JSON, Connection, bindparam, text

from core.errors import Transient


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """One request under a key.

    Attributes:
        token_id: whose key it is; callers do not share keys.
        person_id: likewise, of a person; exactly one of the two is given.
        key: what the caller made up.
        hash: SHA-256 of everything that makes it the same request.
    """

    token_id: int | None = None
    person_id: int | None = None
    key: str
    hash: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """What the key was used for: the request's hash and its answer."""

    request_hash: bytes
    answer: dict[str, Any]


_MINE = "(token_id = :token OR person_id = :person) AND key = :key"
_RESERVE = text(
    "INSERT INTO idempotency_keys (token_id, person_id, key, request_hash) "
    "VALUES (:token, :person, :key, :hash) ON CONFLICT DO NOTHING RETURNING 1"
)
_KEPT = text(f"SELECT request_hash, answer FROM idempotency_keys WHERE {_MINE}")
_KEEP = text(f"UPDATE idempotency_keys SET answer = :answer WHERE {_MINE}").bindparams(
    bindparam("answer", type_=JSON)
)


def reserve(connection: Connection, request: Request) -> Kept | None:
    """Takes the key for this request; gives what it was used for if it is taken.

    Raises:
        Transient: whoever holds the key has not finished within the lock timeout, or the key was
            swept just now.
    """
    values = {**_whose(request), "hash": request.hash}
    if connection.execute(_RESERVE, values).scalar():
        return None
    row = connection.execute(_KEPT, values).one_or_none()
    if row is None:
        raise Transient("the key was given up just now")
    return Kept(request_hash=bytes(row.request_hash), answer=row.answer)


def keep(connection: Connection, request: Request, answer: dict[str, Any]) -> None:
    """Keeps the answer to a request that reserved its key in this transaction."""
    connection.execute(_KEEP, {**_whose(request), "answer": answer})


def forget_before(connection: Connection, moment: datetime) -> int:
    """Drops the keys that were used before a moment; returns how many."""
    return connection.execute(
        text("DELETE FROM idempotency_keys WHERE created_at < :moment"), {"moment": moment}
    ).rowcount


def _whose(request: Request) -> dict[str, Any]:
    return {"token": request.token_id, "person": request.person_id, "key": request.key}
