"""What the doors of the review queue do in a transaction, with its errors as problems."""

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import Connection

from core.errors import Invalid
from core.types import ReviewOutcome
from store.feedback import review
from store.feedback.review import NoItem, NotHeld, Resolution, ReviewFilter, ReviewItem
from web.api.cursors import cursor_of_number
from web.api.review.schemas import (
    Claim,
    OneResolution,
    RefusedItem,
    ResolutionIn,
    Resolved,
    ReviewItemOut,
    ReviewPage,
)
from web.problems import Problem, problem_object


@contextmanager
def told() -> Iterator[None]:
    """Tells an item that never was, and one that is not the caller's, from what is wrong."""
    try:
        yield
    except NoItem as error:
        raise Problem("not-found", f"{error.field} {error.problem}") from error
    except NotHeld as error:
        raise Problem("conflict", f"{error.field} {error.problem}") from error


def page_of(connection: Connection, fits: ReviewFilter, limit: int) -> ReviewPage:
    """A page of what fits, and counts of all that waits."""
    found = review.page(connection, fits, most=limit + 1)
    waiting = review.waiting_by_reason(connection)
    shown = found[:limit]
    return ReviewPage(
        items=[ReviewItemOut.model_validate(item) for item in shown],
        next=cursor_of_number(shown[-1].id) if len(found) > limit else None,
        waiting=waiting.items,
        by_reason=waiting.by_reason,
        oldest_s=waiting.oldest_s,
    )


def claimed(
    connection: Connection, asked: Claim, *, agent: str, lease_s: float
) -> list[ReviewItem]:
    """What the agent holds from now on.

    Raises:
        Problem: the one item that was asked for is not there, or not free.
    """
    if asked.item is None:
        return review.claim_several(
            connection, agent=agent, lease_s=lease_s, order=asked.order, most=asked.most
        )
    with told():
        review.find(connection, asked.item)
    taken = review.claim(connection, agent=agent, lease_s=lease_s, item=asked.item)
    if taken is None:
        raise Problem("conflict", f"Item {asked.item} is held by another agent.")
    return [taken]


def released(connection: Connection, item: int, *, agent: str) -> ReviewItem:
    """Gives the item back, and tells it as it stands.

    Raises:
        Problem: it is not there, or not the agent's.
    """
    with told():
        review.find(connection, item)
        review.release(connection, item, agent=agent)
        return review.find(connection, item)


def renewed(connection: Connection, item: int, *, agent: str, lease_s: float) -> ReviewItem:
    """Holds the item for longer, and tells it as it stands.

    Raises:
        Problem: it is not there, or not the agent's.
    """
    with told():
        review.find(connection, item)
        review.renew(connection, item, agent=agent, lease_s=lease_s)
        return review.find(connection, item)


def resolved(connection: Connection, item: int, made: ResolutionIn, *, agent: str) -> Resolved:
    """Takes the item out of the queue.

    Raises:
        Problem: it is not there, or not the agent's.
        Invalid: what was given makes no sense.
    """
    outcome = ReviewOutcome(made.outcome)
    resolution = Resolution(
        outcome=outcome, labels=made.labels, department=made.department, note=made.note
    )
    with told():
        given = review.resolve(connection, item, resolution, agent=agent)
    return Resolved(item=item, outcome=outcome, feedback_id=given)


def tried(connection: Connection, one: OneResolution, *, agent: str) -> Resolved | RefusedItem:
    """As `resolved`; what is refused changes nothing and carries its problem."""
    try:
        with connection.begin_nested():
            return resolved(connection, one.item, one, agent=agent)
    except Problem as error:
        problem = problem_object(error.name, detail=error.detail)
    except Invalid as error:
        detail = f"{error.field} {error.problem}"
        problem = problem_object("invalid", detail=detail, field=error.field, fix=error.fix)
    return RefusedItem(item=one.item, outcome="refused", problem=problem)
