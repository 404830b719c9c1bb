"""The review queue as agents use it: take an item, hold it for a while, resolve it or give it back.

An item is held by one agent at most, until its lease ends on the database's clock; only who holds
it may resolve it, so that nobody resolves a decision that was made again behind their back. What
puts items in is in `store.feedback.review_items`.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, Row, text

from core.errors import Invalid
from core.feedback import kind_of
from core.types import ReviewOrder, ReviewOutcome, ReviewReason, Verdict
from store.feedback import corrections, review_items
from store.feedback.corrections import Feedback


class NoItem(Invalid):
    """The review queue never had such an item."""


class NotHeld(Invalid):
    """The agent does not hold the item: nobody does, somebody else does, or it is resolved."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ReviewItem:
    """An open item; never with the ticket's text.

    Attributes:
        correction_id: what waits is this correction, kept from training; None for a decision.
        reasons: why it waits.
        uncertainty: in [0, 1]; see `router.review.uncertainty`.
        due_at: by when somebody should have looked; None for held corrections.
        claimed_by: who holds it until `lease_until`; None when nobody does.
        primary_department: where the ticket went; None where it was never decided.
        labels: of the decision, ticked ones included; of a held correction, those it gives.
    """

    id: int
    ticket_id: UUID
    external_id: str
    revision: int
    correction_id: UUID | None
    reasons: tuple[ReviewReason, ...]
    uncertainty: float
    due_at: datetime | None
    claimed_by: str | None
    lease_until: datetime | None
    created_at: datetime
    primary_department: str | None
    labels: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Resolution:
    """What an agent makes of an item.

    Attributes:
        outcome: accepted, replaced or skipped.
        labels: after correction, all of them.
        department: where the ticket belongs; for a decision, and without labels.
    """

    outcome: ReviewOutcome
    labels: Sequence[str] | None = None
    department: str | None = None
    note: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ReviewFilter:
    """Which open items are asked for; None asks nothing.

    Attributes:
        after: an item; only those that come after it by deadline.
        ids: these items and no others.
        held_by: who holds them.
    """

    after: int | None = None
    ids: Sequence[int] | None = None
    reason: ReviewReason | None = None
    held_by: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiting:
    """How much waits: items, items by each of their reasons, age in seconds of the oldest."""

    items: int
    by_reason: dict[ReviewReason, int]
    oldest_s: float


_ORDERS = {
    ReviewOrder.DEADLINE: "i.due_at, i.id",
    ReviewOrder.UNCERTAINTY: "i.uncertainty DESC, i.due_at, i.id",
    ReviewOrder.AUDIT: "('audit' = ANY(i.reasons)) DESC, i.due_at, i.id",
    ReviewOrder.SPREAD: "coalesce(s.looked, 0), i.uncertainty DESC, i.due_at, i.id",
}
_LIKELIEST = "coalesce((d.labels || d.preselected || d.suggested)[1], '')"
# How often each likeliest label was looked at, or is being, among the newest items.
_LOOKED = f"""
LEFT JOIN decisions d ON d.ticket_id = i.ticket_id AND d.revision = i.revision
LEFT JOIN (
  SELECT {_LIKELIEST} AS label, count(*) AS looked
  FROM (SELECT * FROM review_items ORDER BY id DESC LIMIT 1000) r
  JOIN decisions d ON d.ticket_id = r.ticket_id AND d.revision = r.revision
  WHERE r.resolved_by IS NOT NULL OR r.lease_until > clock_timestamp() GROUP BY 1
) s ON s.label = {_LIKELIEST}
"""
_FREE = "(i.lease_until IS NULL OR i.lease_until < clock_timestamp())"
# A ticket that is on its way to another decision, or erased, is nothing to look at.
_OPEN = """
FROM review_items i JOIN tickets t ON t.id = i.ticket_id {more}
WHERE i.resolved_at IS NULL AND t.state IN ('decided', 'review', 'quarantined')
"""
_CLAIM = """
UPDATE review_items SET claimed_by = :agent,
  lease_until = clock_timestamp() + make_interval(secs => :lease_s)
WHERE id = (SELECT i.id {open} AND {free} {this} ORDER BY {order} LIMIT 1
  FOR UPDATE OF i SKIP LOCKED)
RETURNING id
"""
_HELD_BY = (
    "FROM review_items i WHERE i.id = :item AND i.resolved_at IS NULL AND i.claimed_by = :agent"
)
_ITEMS = """
SELECT i.id, i.ticket_id, t.external_id, i.revision, i.correction_id, i.reasons, i.uncertainty,
  i.due_at, i.created_at, d.primary_department,
  CASE WHEN {free} THEN NULL ELSE i.claimed_by END AS claimed_by,
  CASE WHEN {free} THEN NULL ELSE i.lease_until END AS lease_until,
  coalesce(c.labels, d.labels || d.preselected, '{{}}') AS labels
FROM (SELECT i.*, row_number() OVER (ORDER BY {order}) AS place {open} {this}
  ORDER BY {order} LIMIT :most) i
JOIN tickets t ON t.id = i.ticket_id
LEFT JOIN decisions d ON d.ticket_id = i.ticket_id AND d.revision = i.revision
LEFT JOIN corrections c ON c.id = i.correction_id
ORDER BY i.place
"""
_AFTER = (
    "AND (coalesce(i.due_at, 'infinity'), i.id) > "
    "(SELECT coalesce(a.due_at, 'infinity'), a.id FROM review_items a WHERE a.id = :after)"
)


def claim(
    connection: Connection,
    *,
    agent: str,
    lease_s: float,
    order: ReviewOrder = ReviewOrder.DEADLINE,
    item: int | None = None,
) -> ReviewItem | None:
    """Takes the next item that nobody holds, passing over what others are just taking.

    Args:
        connection: an open transaction.
        agent: who takes it.
        lease_s: seconds after which others may take it.
        order: which comes first.
        item: only this one; None for any.

    Returns:
        The item, or None when there is none to take.
    """
    this = "" if item is None else "AND i.id = :item"
    statement = _CLAIM.format(open=_open(order), free=_FREE, this=this, order=_ORDERS[order])
    values = {"agent": agent, "lease_s": lease_s, **({} if item is None else {"item": item})}
    taken = connection.execute(text(statement), values).scalar()
    return None if taken is None else _items(connection, order, "AND i.id = :id", id=taken)[0]


def claim_several(
    connection: Connection, *, agent: str, lease_s: float, order: ReviewOrder, most: int
) -> list[ReviewItem]:
    """Takes the next items that nobody holds, as `claim` one by one, at most `most`."""
    taken = iter(lambda: claim(connection, agent=agent, lease_s=lease_s, order=order), None)
    return list(islice(taken, most))


def find(connection: Connection, item: int) -> ReviewItem:
    """An open item, held or not.

    Raises:
        NoItem: there never was one.
        NotHeld: it is resolved, or its ticket is on its way to another decision.
    """
    _ticket_of(connection, item)
    found = _items(connection, ReviewOrder.DEADLINE, "AND i.id = :id", id=item)
    if not found:
        raise NotHeld("item", f"{item} is resolved, or decided again", "take another")
    return found[0]


def renew(connection: Connection, item: int, *, agent: str, lease_s: float) -> None:
    """Holds an item for `lease_s` seconds from now.

    Raises:
        NotHeld: the agent does not hold it.
    """
    _check_held(connection, item, agent)
    connection.execute(
        text(
            "UPDATE review_items SET lease_until = clock_timestamp() "
            "+ make_interval(secs => :lease_s) WHERE id = :item"
        ),
        {"item": item, "lease_s": lease_s},
    )


def release(connection: Connection, item: int, *, agent: str) -> None:
    """Gives an item back to the queue.

    Raises:
        NotHeld: the agent does not hold it.
    """
    _check_held(connection, item, agent)
    connection.execute(
        text("UPDATE review_items SET claimed_by = NULL, lease_until = NULL WHERE id = :item"),
        {"item": item},
    )


def resolve(connection: Connection, item: int, made: Resolution, *, agent: str) -> UUID | None:
    """Takes an item out of the queue for good, with the feedback that follows from it.

    A held correction that is accepted may train; one that is replaced is rejected, and what is
    given in its place teaches instead; one that is skipped stays held. Of a ticket that was passed
    on too often the lead's word takes the place of the last one, whether it says that the decision
    was right or what would have been.

    Returns:
        The feedback that was given; None where nothing new was said.

    Raises:
        NoItem: there never was one.
        NotHeld: the agent does not hold it.
        Invalid: what was given makes no sense.
    """
    ticket = _lock_ticket(connection, item)
    row = _check_held(connection, item, agent)
    if row.correction_id is None:
        given: UUID | None = _give(connection, row, made, agent)
    else:
        given = _settle(connection, row, made, agent)
    review_items.close(connection, item, ticket, made.outcome, actor=agent)
    return given


def open_items(
    connection: Connection, *, order: ReviewOrder = ReviewOrder.DEADLINE, most: int
) -> list[ReviewItem]:
    """What waits, in order, held items included; at most `most`."""
    return _items(connection, order, "", most=most)


def page(connection: Connection, fits: ReviewFilter, *, most: int) -> list[ReviewItem]:
    """What waits and fits, the one due first first, held items included; at most `most`."""
    asked = {
        _AFTER: ("after", fits.after),
        "AND i.id = ANY(:ids)": ("ids", fits.ids),
        "AND :reason = ANY(i.reasons)": ("reason", fits.reason),
        f"AND i.claimed_by = :held_by AND NOT {_FREE}": ("held_by", fits.held_by),
    }
    told = {part: pair for part, pair in asked.items() if pair[1] is not None}
    return _items(
        connection, ReviewOrder.DEADLINE, " ".join(told), most=most, **dict(told.values())
    )


def waiting_by_reason(connection: Connection) -> Waiting:
    """Counts what is open, held items included; costs what is open, not what was resolved."""
    rows = connection.execute(
        text(
            "SELECT reasons, count(*) AS items, "
            "extract(epoch FROM clock_timestamp() - min(created_at)) AS oldest_s "
            "FROM review_items WHERE resolved_at IS NULL GROUP BY 1"
        )
    ).all()
    by_reason = dict.fromkeys(ReviewReason, 0)
    for row in rows:
        for reason in row.reasons:
            by_reason[ReviewReason(reason)] += row.items
    return Waiting(
        items=sum(row.items for row in rows),
        by_reason=by_reason,
        oldest_s=max((float(row.oldest_s) for row in rows), default=0.0),
    )


def _items(
    connection: Connection, order: ReviewOrder, this: str, *, most: int = 1, **values: Any
) -> list[ReviewItem]:
    statement = _ITEMS.format(open=_open(order), free=_FREE, this=this, order=_ORDERS[order])
    rows = connection.execute(text(statement), {"most": most, **values})
    return [_item(row) for row in rows]


def _open(order: ReviewOrder) -> str:
    return _OPEN.format(more=_LOOKED if order is ReviewOrder.SPREAD else "")


def _lock_ticket(connection: Connection, item: int) -> UUID:
    found = _ticket_of(connection, item)
    connection.execute(
        text("SELECT 1 FROM tickets WHERE id = :id FOR NO KEY UPDATE"), {"id": found}
    )
    return found


def _ticket_of(connection: Connection, item: int) -> UUID:
    found = connection.execute(
        text("SELECT ticket_id FROM review_items WHERE id = :item"), {"item": item}
    ).scalar()
    if found is None:
        raise NoItem("item", f"{item} is not in the queue", "see `pointsman review list`")
    return UUID(str(found))


def _check_held(connection: Connection, item: int, agent: str) -> Row[Any]:
    row = connection.execute(
        text(f"SELECT i.ticket_id, i.revision, i.correction_id, i.reasons {_HELD_BY} FOR UPDATE"),
        {"item": item, "agent": agent},
    ).one_or_none()
    if row is None:
        problem = f"{item} is not held by {agent}, or is resolved"
        raise NotHeld("item", problem, f"take it with `pointsman review next {item}`")
    return row


def _give(connection: Connection, row: Row[Any], made: Resolution, agent: str) -> UUID:
    feedback = Feedback(
        ticket_id=row.ticket_id,
        revision=row.revision,
        kind=kind_of(made.outcome, None, made.labels, made.department),
        agent=agent,
        labels=made.labels,
        department=made.department,
        note=made.note,
    )
    return corrections.give(connection, feedback)


def _settle(connection: Connection, row: Row[Any], made: Resolution, agent: str) -> UUID | None:
    if made.outcome is ReviewOutcome.SKIPPED:
        return None
    if ReviewReason.PING_PONG in row.reasons:
        corrections.settle(connection, [row.correction_id], Verdict.REJECTED, actor=agent)
        return _give(connection, row, made, agent)
    if made.outcome is ReviewOutcome.ACCEPTED:
        corrections.settle(connection, [row.correction_id], Verdict.RELEASED, actor=agent)
        return None
    if made.labels is None:
        fix = "give every label that the ticket should have, or none at all"
        raise Invalid("labels", "are what a held correction is about", fix)
    corrections.settle(connection, [row.correction_id], Verdict.REJECTED, actor=agent)
    return _give(connection, row, made, agent)


def _item(row: Row[Any]) -> ReviewItem:
    fields = {**row._mapping, "labels": tuple(row.labels)}
    return ReviewItem(**{**fields, "reasons": tuple(map(ReviewReason, row.reasons))})
