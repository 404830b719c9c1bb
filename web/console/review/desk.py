"""What stands on the review page's desk: the ticket at hand, and how far one is."""

from dataclasses import dataclass
from typing import Annotated, Any
from uuid import UUID

from fastapi import Depends, Form
from sqlalchemy import Connection

from core.errors import Invalid
from core.types import ReviewOrder
from store.access.api_tokens import Caller
from store.decided import records
from store.feedback import review
from store.feedback.review import ReviewFilter, ReviewItem
from store.feedback.review_progress import settled_today
from store.rules import taxonomy
from web.access import caller
from web.api.feedback.schemas import Department, Judged, Labels, Note
from web.console.review.case import REASONS, Case, case_of, changes
from web.problems import Problem

Agent = Annotated[Caller, Depends(caller)]
_LARGEST = (1 << 63) - 1
OrderField = Annotated[ReviewOrder, Form()]
ItemField = Annotated[int, Form(ge=1, le=_LARGEST)]


@dataclass(frozen=True, slots=True, kw_only=True)
class Undoable:
    """What can be taken back: feedback on a ticket."""

    ticket_id: UUID
    feedback_id: UUID
    outcome: str


FIRST = ReviewOrder.DEADLINE


@dataclass(frozen=True, slots=True, kw_only=True)
class Judgement:
    """What the form says; `ahead` is the item that the page shows already, if any."""

    outcome: Judged
    labels: list[str]
    department: str
    note: str
    order: ReviewOrder
    ahead: int | None = None


def _judgement(
    outcome: Annotated[Judged, Form()],
    labels: Annotated[Labels | None, Form()] = None,
    department: Annotated[Department | None, Form()] = None,
    note: Annotated[Note, Form()] = "",
    order: OrderField = FIRST,
    ahead: Annotated[int | None, Form(ge=1, le=_LARGEST)] = None,
) -> Judgement:
    return Judgement(
        outcome=outcome,
        labels=labels or [],
        department=department or "",
        note=note,
        order=order,
        ahead=ahead,
    )


JudgementForm = Annotated[Judgement, Depends(_judgement)]


def held_by(connection: Connection, agent: str) -> ReviewItem | None:
    """What the agent holds, due first; None for nothing."""
    found = review.page(connection, ReviewFilter(held_by=agent), most=1)
    return found[0] if found else None


def next_desk(
    connection: Connection,
    agent: str,
    order: ReviewOrder,
    lease_s: float,
    given: Undoable | None = None,
) -> dict[str, Any]:
    """What the agent holds already, else what comes next in the order."""
    item = held_by(connection, agent) or review.claim(
        connection, agent=agent, lease_s=lease_s, order=order
    )
    return desk_of(connection, agent, item, given) | {"asked": True}


def desk_of(
    connection: Connection, agent: str, item: ReviewItem | None, given: Undoable | None = None
) -> dict[str, Any]:
    """What the templates need around an item, or around none."""
    case = None if item is None else read_case(connection, item.ticket_id, item)
    return around(connection, agent, case, given)


def around(
    connection: Connection, agent: str, case: Case | None, given: Undoable | None = None
) -> dict[str, Any]:
    """What the templates need around a case, or around none."""
    return {
        "case": case,
        "undoable": given,
        "asked": False,
        "waiting": review.waiting_by_reason(connection),
        "today": settled_today(connection, agent),
        "departments": taxonomy.departments(connection),
        "reasons": REASONS,
    }


def read_case(connection: Connection, ticket_id: UUID, item: ReviewItem | None) -> Case:
    """The case of a ticket, with its item if one is open."""
    record = read_record(connection, ticket_id)
    return case_of(record, item, taxonomy.labels(connection))


def read_record(connection: Connection, ticket_id: UUID) -> dict[str, Any]:
    """A ticket's full record.

    Raises:
        Problem: there is no such ticket.
    """
    record = records.ticket_record(connection, ticket_id)
    if record is None:
        raise Problem("not-found", "There is no such ticket.")
    return record


def replacement(said: Judgement, case: Case) -> tuple[list[str] | None, str | None]:
    """What a replacement changes; nobody accepts what they have just changed on the page."""
    labels, department = changes(said.labels, said.department, case)
    if said.outcome == "skipped":
        return None, None
    if said.outcome == "accepted" and (labels, department) != (None, None):
        raise Invalid("outcome", "accepts what was changed", "replace, or take the change back")
    if said.outcome == "replaced" and (labels, department) == (None, None):
        raise Invalid("labels", "are as they were", "change a label or the department, or accept")
    return labels, department
