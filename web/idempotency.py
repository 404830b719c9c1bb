"""A request under an `Idempotency-Key` works once; sent again it gets the answer that was kept."""

import hashlib
from collections.abc import Callable
from typing import Annotated, Any

from fastapi import Header
from sqlalchemy import Connection

from store.access.api_tokens import Caller
from store.access.idempotency import Request, keep, reserve
from web.problems import Problem

IdempotencyKey = Annotated[
    str | None,
    Header(
        alias="Idempotency-Key",
        min_length=1,
        max_length=200,
        pattern=r"^[\x21-\x7e]+$",
        description="Made up by the caller, one for each request; the same request sent again "
        "under it gets the same answer.",
    ),
]


def request_under(key: str | None, caller: Caller, *said: str) -> Request | None:
    """The request of a caller under its key; None without one.

    Args:
        key: as the header gives it.
        caller: who sent it.
        said: everything that makes it the same request.
    """
    if key is None:
        return None
    return Request(
        token_id=caller.token_id,
        person_id=caller.person_id,
        key=key,
        hash=hashlib.sha256("\0".join(said).encode()).digest(),
    )


def once(
    connection: Connection, request: Request | None, work: Callable[[], dict[str, Any]]
) -> tuple[dict[str, Any], bool]:
    """The answer of `work`, or the one that was kept for the key, and whether it was.

    Raises:
        Problem: the key was used for another request.
        Transient: the same request has been under way for longer than a lock is waited for.
    """
    if request is None:
        return work(), False
    if (kept := reserve(connection, request)) is not None:
        if kept.request_hash != request.hash:
            detail = f"The key {request.key} was used for another request."
            raise Problem("idempotency-key-reused", detail)
        return kept.answer, True
    answer = work()
    keep(connection, request, answer)
    return answer, False
