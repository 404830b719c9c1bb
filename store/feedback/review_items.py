"""What puts items into the review queue and takes them out again beside what agents do there.

Written in the transaction of what they follow from: a decision, a new revision, feedback, a
correction that is held. What agents do with the queue is in `store.feedback.review`. Whoever
changes a ticket and its items locks the ticket first.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import Connection, text

from core.types import FeedbackKind, ReviewOutcome, ReviewReason


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """That a person looks at a decision.

    Attributes:
        reasons: why, at least one.
        uncertainty: in [0, 1]; see `router.review.uncertainty`.
        due_s: seconds from now by which somebody should have looked.
    """

    reasons: tuple[ReviewReason, ...]
    uncertainty: float
    due_s: float


# An open item keeps its deadline when its ticket is decided again, and whoever held it does not
# hold the new decision, which they have not seen.
_ENTER = text(
    """
WITH wanted AS (
  SELECT * FROM unnest(CAST(:ids AS uuid[]), CAST(:revisions AS int[]), CAST(:reasons AS text[]),
    CAST(:uncertainties AS float8[]), CAST(:due AS float8[])) u(i, r, reasons, uncertainty, due_s)
), overtaken AS (
  UPDATE review_items SET outcome = 'superseded', resolved_at = clock_timestamp(),
    claimed_by = NULL, lease_until = NULL
  WHERE ticket_id = ANY(:again) AND resolved_at IS NULL AND correction_id IS NULL
    AND NOT EXISTS (SELECT FROM wanted w WHERE w.i = ticket_id AND w.r = revision)
)
INSERT INTO review_items AS kept (ticket_id, revision, reasons, uncertainty, due_at)
SELECT w.i, w.r, string_to_array(w.reasons, ','), w.uncertainty,
  clock_timestamp() + make_interval(secs => w.due_s)
FROM wanted w WHERE NOT EXISTS (
  SELECT FROM corrections c WHERE c.ticket_id = w.i AND c.revision = w.r
    AND c.kind NOT IN ('skipped', 'withdrawn'))
ORDER BY w.i
ON CONFLICT (ticket_id, revision) WHERE correction_id IS NULL DO UPDATE SET
  reasons = excluded.reasons, uncertainty = excluded.uncertainty, claimed_by = NULL,
  lease_until = NULL, outcome = NULL, resolved_at = NULL
WHERE kept.resolved_by IS NULL
RETURNING ticket_id, reasons
"""
)
_FROM_CORRECTIONS = text(
    """
INSERT INTO review_items (ticket_id, revision, correction_id, reasons, uncertainty)
SELECT c.ticket_id, c.revision, c.id, ARRAY[:reason], 1 FROM corrections c
JOIN correction_reviews r ON r.correction_id = c.id AND r.verdict = 'held'
WHERE c.id = ANY(:ids) ORDER BY c.id ON CONFLICT (correction_id) DO NOTHING
"""
)
_CLOSE = (
    "UPDATE review_items SET outcome = :outcome, resolved_by = :actor, "
    "resolved_at = clock_timestamp(), claimed_by = NULL, lease_until = NULL "
    "WHERE resolved_at IS NULL AND "
)
_CLOSE_DECISION = text(
    f"{_CLOSE} correction_id IS NULL AND (ticket_id, revision) = "
    "(SELECT c.ticket_id, c.revision FROM corrections c WHERE c.id = :id)"
)
_CLOSE_OLDER = text(
    f"{_CLOSE} NOT 'ping_pong' = ANY(reasons) "
    "AND correction_id IN (SELECT o.id FROM corrections o JOIN corrections c "
    "ON c.ticket_id = o.ticket_id AND (c.given_at, c.id) > (o.given_at, o.id) WHERE c.id = :id)"
)
# A ticket whose decision waits for nobody any more is decided.
_SETTLE = text(
    "UPDATE tickets t SET state = 'decided' WHERE id = :id AND state = 'review' "
    "AND NOT EXISTS (SELECT FROM review_items i WHERE i.ticket_id = t.id "
    "AND i.revision = t.revision AND i.resolved_at IS NULL AND i.correction_id IS NULL)"
)
_OUTCOMES = {
    FeedbackKind.CONFIRMED: ReviewOutcome.ACCEPTED,
    FeedbackKind.MOVED_FOR_LOAD: ReviewOutcome.ACCEPTED,
    FeedbackKind.WRONG_LABEL: ReviewOutcome.REPLACED,
    FeedbackKind.WRONG_ROUTE: ReviewOutcome.REPLACED,
}


def enter(
    connection: Connection, again: Sequence[UUID], wanted: Mapping[tuple[UUID, int], Wanted]
) -> set[UUID]:
    """Follows decisions in one statement: what is wanted enters, what no longer is leaves.

    Nothing enters that a person has resolved or given feedback on.

    Args:
        connection: the transaction of the decisions, which has locked their tickets.
        again: tickets that were decided before; what waits of them leaves unless it is wanted.
        wanted: what a person should look at, by ticket and revision.

    Returns:
        The tickets whose decision waits for a person because it is in doubt.
    """
    entered = connection.execute(
        _ENTER,
        {
            "again": list(again),
            "ids": [ticket for ticket, _ in wanted],
            "revisions": [revision for _, revision in wanted],
            "reasons": [",".join(item.reasons) for item in wanted.values()],
            "uncertainties": [item.uncertainty for item in wanted.values()],
            "due": [item.due_s for item in wanted.values()],
        },
    )
    return {
        row.ticket_id
        for row in entered
        if any(ReviewReason(reason).is_doubt for reason in row.reasons)
    }


def supersede(connection: Connection, tickets: Sequence[UUID]) -> None:
    """Closes what waits of decisions on tickets that have a newer revision now."""
    connection.execute(
        text(
            "UPDATE review_items SET outcome = 'superseded', resolved_at = clock_timestamp(), "
            "claimed_by = NULL, lease_until = NULL WHERE ticket_id = ANY(:ids) "
            "AND resolved_at IS NULL AND correction_id IS NULL"
        ),
        {"ids": list(tickets)},
    )


def enter_held(connection: Connection, corrections: Sequence[UUID]) -> None:
    """Lets corrections that are held wait for a person; once each, without a deadline."""
    connection.execute(
        _FROM_CORRECTIONS, {"ids": list(corrections), "reason": ReviewReason.HELD_CORRECTION}
    )


def close_for_feedback(
    connection: Connection, ticket: UUID, correction: UUID, kind: FeedbackKind, *, actor: str
) -> None:
    """Resolves what waits of a decision that somebody gave feedback on.

    Feedback that nobody looked resolves nothing. A word about labels also resolves what waits of
    words given before it, since it supersedes them.
    """
    if kind not in _OUTCOMES:
        return
    values = {"id": correction, "actor": actor, "outcome": _OUTCOMES[kind]}
    connection.execute(_CLOSE_DECISION, values)
    if kind.trains:
        connection.execute(_CLOSE_OLDER, values)
    _settle_ticket(connection, ticket)


def close_corrections(
    connection: Connection, corrections: Sequence[UUID], outcome: ReviewOutcome, *, actor: str
) -> None:
    """Resolves what waits of corrections that somebody settled."""
    connection.execute(
        text(f"{_CLOSE} correction_id = ANY(:ids)"),
        {"ids": list(corrections), "outcome": outcome, "actor": actor},
    )


def close(
    connection: Connection, item: int, ticket: UUID, outcome: ReviewOutcome, *, actor: str
) -> None:
    """Resolves one item, if it is still open."""
    connection.execute(
        text(f"{_CLOSE} id = :item"), {"item": item, "outcome": outcome, "actor": actor}
    )
    _settle_ticket(connection, ticket)


def _settle_ticket(connection: Connection, ticket: UUID) -> None:
    connection.execute(_SETTLE, {"id": ticket})
