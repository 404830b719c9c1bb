"""Who works on which ticket: claims with a fencing token, a lease, and death seen by connection.

A claim gives a ticket to one worker under a token that only grows. Whoever finishes a ticket must
show the newest token, so a worker that was presumed dead and wakes up again changes nothing.
All times are the database's (`clock_timestamp()`), never a worker's.

A ticket whose claims ended with their workers may be why. Such a suspect is claimed by a worker
with nothing else in hand, and the worker claims nothing more until it is decided: a death then
counts against this ticket alone (`worker.retry` says what follows).
"""

import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from uuid import UUID

from sqlalchemy import Connection, text

from core.types import Ticket
from store.contents import ticket_of
from store.queue.deaths import note_deaths

WORKER_LOCKS = 77
"""Class of the session advisory locks by which workers are known to live."""

TOGETHER_UNTIL = 2
"""Claims of a ticket that may go with others; afterwards it is a suspect."""

ALONE_UNTIL = 3
"""Claims that the worker's own process works on; afterwards a throwaway process does."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """One ticket, ours to decide until the lease ends or the token is outdated.

    `attempts` counts claims since the ticket was last accepted, this one included; beyond
    `ALONE_UNTIL` + 1 only those that `begin_apart` counted. `waited_s` is how long ago it could
    first be claimed, and `claimed_at` our monotonic clock at the claim.
    """

    id: UUID
    revision: int
    token: int
    attempts: int
    ticket: Ticket
    waited_s: float = 0.0
    claimed_at: float = field(default_factory=time.monotonic, compare=False)


_CLAIM = """
WITH waiting AS (
  SELECT id, due_at, next_at, attempts < :alone_until AS here,
    attempts >= :together_until AND attempts < :alone_until AS suspect
  FROM tickets WHERE state = 'accepted' AND next_at <= clock_timestamp() {these}
  ORDER BY due_at, next_at LIMIT :most FOR UPDATE SKIP LOCKED
), ranked AS (
  SELECT id, count(*) FILTER (WHERE here) OVER earlier AS here,
    count(*) FILTER (WHERE suspect) OVER earlier AS suspects
  FROM waiting WINDOW earlier AS (ORDER BY due_at, next_at, id)
), next AS (
  SELECT id FROM ranked WHERE suspects = 0 OR (suspects = 1 AND here = 1 AND :hand_is_empty)
)
UPDATE tickets SET state = 'claimed', attempts = attempts + (attempts <= :alone_until)::int,
  claim_token = nextval('claim_tokens'), claimed_by = :worker,
  lease_until = clock_timestamp() + make_interval(secs => :lease_s)
WHERE id = ANY(ARRAY(SELECT id FROM next))
RETURNING id, revision, claim_token, attempts, external_id,
  greatest(extract(epoch FROM clock_timestamp() - next_at), 0)::float AS waited_s
"""
_CLAIM_ANY = text(_CLAIM.format(these=""))
_CLAIM_THESE = text(_CLAIM.format(these="AND id = ANY(:ids)"))
_SUSPECT_IS_NEXT = text(
    "SELECT attempts >= :together_until FROM tickets "
    "WHERE state = 'accepted' AND next_at <= clock_timestamp() AND attempts < :alone_until "
    "ORDER BY due_at, next_at LIMIT 1"
)
_BEGIN_APART = text(
    "UPDATE tickets SET attempts = attempts + 1 "
    "WHERE id = :id AND claim_token = :token AND state = 'claimed'"
)
_CONTENTS = text(
    "SELECT c.* FROM ticket_contents c "
    "JOIN unnest(CAST(:ids AS uuid[]), CAST(:revisions AS int[])) u(i, r) "
    "ON c.ticket_id = u.i AND c.revision = u.r WHERE c.ticket_id = ANY(:ids)"
)
_GIVE_BACK = """
UPDATE tickets SET state = 'accepted', claimed_by = NULL, lease_until = NULL
WHERE id = ANY(ARRAY(
  SELECT id FROM tickets WHERE state = 'claimed' AND {whose} FOR UPDATE SKIP LOCKED))
"""
_GIVE_BACK_EXPIRED = text(_GIVE_BACK.format(whose="lease_until < clock_timestamp()"))
_GIVE_BACK_OF = text(_GIVE_BACK.format(whose="claimed_by = ANY(:workers)"))


def claim(  # noqa: PLR0913  (what is asked for, and how careful to be)
    connection: Connection,
    *,
    worker: int,
    most: int,
    lease_s: float,
    ids: Sequence[UUID] | None = None,
    hand_is_empty: bool = True,
    crash_loop: bool = False,
) -> list[Claim]:
    """Claims waiting tickets, earliest due first (`core.urgency`), up to the first suspect.

    A suspect that is first itself is claimed if the hand is empty, and nothing else with it.
    What a throwaway process will score is claimed with any, and its claim does not count against it
    (`begin_apart`).

    Args:
        connection: an open transaction.
        worker: id of the claiming worker.
        most: largest number of tickets.
        lease_s: seconds after which the claim is given back unless renewed.
        ids: only among these; None for any. Those decided or claimed elsewhere are left out.
        hand_is_empty: whether the worker's own process has no ticket.
        crash_loop: whether workers die one after the other, which makes every ticket a suspect.
    """
    values: dict[str, object] = {
        **_bounds(crash_loop),
        "worker": worker,
        "most": most,
        "lease_s": lease_s,
        "hand_is_empty": hand_is_empty,
    }
    statement = _CLAIM_ANY
    if ids is not None:
        statement, values = _CLAIM_THESE, {**values, "ids": list(ids)}
    claimed = connection.execute(statement, values).all()
    if not claimed:
        return []
    keys = {"ids": [row.id for row in claimed], "revisions": [row.revision for row in claimed]}
    contents = {row.ticket_id: row for row in connection.execute(_CONTENTS, keys)}
    return [
        Claim(
            id=row.id,
            revision=row.revision,
            token=row.claim_token,
            attempts=row.attempts,
            waited_s=row.waited_s,
            ticket=ticket_of(
                contents[row.id], external_id=row.external_id, labels=contents[row.id].labels
            ),
        )
        for row in claimed
    ]


def suspect_is_next(connection: Connection, *, crash_loop: bool) -> bool:
    """Whether the earliest due ticket is a suspect, so that hands must be empty to go on."""
    return bool(connection.execute(_SUSPECT_IS_NEXT, _bounds(crash_loop)).scalar())


def begin_apart(connection: Connection, claim: Claim) -> bool:
    """Counts an attempt at a suspect that a throwaway process is about to score.

    Waiting for that process counts against nobody.

    Returns:
        Whether the claim still stands.
    """
    values = {"id": claim.id, "token": claim.token}
    return connection.execute(_BEGIN_APART, values).rowcount == 1


def _bounds(crash_loop: bool) -> dict[str, int]:
    return {"together_until": 0 if crash_loop else TOGETHER_UNTIL, "alone_until": ALONE_UNTIL}


def renew(connection: Connection, *, worker: int, lease_s: float, tokens: Sequence[int]) -> None:
    """Extends claims of a worker to `lease_s` seconds from now.

    Only those that it knows of: when a connection breaks in a commit, a claim can stand whose
    answer was lost. Its lease has to run out, or nobody would ever decide the ticket.
    """
    connection.execute(
        text(
            "UPDATE tickets SET lease_until = clock_timestamp() + make_interval(secs => :lease_s) "
            "WHERE state = 'claimed' AND claimed_by = :worker AND claim_token = ANY(:tokens)"
        ),
        {"worker": worker, "lease_s": lease_s, "tokens": list(tokens)},
    )


def release(connection: Connection, claims: Sequence[Claim], *, worker: int) -> None:
    """Gives claims back that were not worked on, as if they had not been made."""
    _give_back(connection, claims, worker, "attempts = attempts - 1")


def give_back_as_suspects(
    connection: Connection, claims: Sequence[Claim], *, worker: int, attempts: int
) -> None:
    """Gives back claims one of which is why the worker ends now, so that they count as suspects.

    Args:
        connection: an open transaction.
        claims: what was being worked on.
        worker: whose claims they are.
        attempts: how often they count as claimed from now on, at least.
    """
    change = "attempts = greatest(attempts, :attempts)"
    _give_back(connection, claims, worker, change, attempts=attempts)


def hold_worker_lock(connection: Connection, worker: int) -> None:
    """Takes the session lock that says this worker lives, for as long as the connection does."""
    connection.execute(
        text("SELECT pg_advisory_lock(:kind, :worker)"), {"kind": WORKER_LOCKS, "worker": worker}
    )


def give_back_of_the_dead(connection: Connection) -> int:
    """Gives back the claims of workers whose connection is gone, and those whose lease is over.

    Most deaths are no ticket's fault, so these wait where they stood: before all that came later.

    Returns:
        How many tickets wait again.
    """
    owners = connection.execute(
        text("SELECT DISTINCT claimed_by FROM tickets WHERE state = 'claimed'")
    ).scalars()
    dead = [worker for worker in owners if _is_dead(connection, worker)]
    given_back = connection.execute(_GIVE_BACK_EXPIRED).rowcount
    if dead:
        given_back += connection.execute(_GIVE_BACK_OF, {"workers": dead}).rowcount
        note_deaths(connection, dead)
    return given_back


def _is_dead(connection: Connection, worker: int) -> bool:
    """Whether nobody holds the worker's lock; ours from trying ends with the transaction."""
    return bool(
        connection.execute(
            text("SELECT pg_try_advisory_xact_lock(:kind, :worker)"),
            {"kind": WORKER_LOCKS, "worker": worker},
        ).scalar()
    )


def _give_back(
    connection: Connection, claims: Sequence[Claim], worker: int, change: str, **values: int
) -> None:
    """Makes claims that are still this worker's waiting tickets again; `change` is SQL of ours."""
    connection.execute(
        text(
            "UPDATE tickets SET state = 'accepted', claimed_by = NULL, lease_until = NULL, "
            f"{change} FROM unnest(CAST(:ids AS uuid[]), CAST(:tokens AS bigint[])) u(i, k) "
            "WHERE id = u.i AND id = ANY(:ids) AND claim_token = u.k "
            "AND state = 'claimed' AND claimed_by = :worker"
        ),
        {
            **values,
            "ids": [claim.id for claim in claims],
            "tokens": [claim.token for claim in claims],
            "worker": worker,
        },
    )
