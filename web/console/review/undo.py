"""Taking back what was said on the review page, and judging the ticket again."""

from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Form
from sqlalchemy import Connection, Engine
from starlette.requests import Request
from starlette.responses import HTMLResponse

from core.types import ReviewOutcome
from router.feedback import Said, take_feedback
from store.engine import transaction
from store.feedback import corrections
from store.feedback.corrections import NotStanding
from store.rules import taxonomy
from web.console.pages import Pages
from web.console.review.case import case_of
from web.console.review.desk import (
    FIRST,
    Agent,
    Judgement,
    JudgementForm,
    OrderField,
    Undoable,
    around,
    next_desk,
    read_case,
    read_record,
    replacement,
)
from web.console.visits import visit_of
from web.problems import Problem


def review_undo_routes(
    engine: Engine, pages: Pages, *, lease_s: float, service_users: frozenset[str]
) -> APIRouter:
    """The two doors; what `service_users` say is our own writing and does not count."""
    routes = APIRouter(include_in_schema=False)

    @routes.post("/review/undo/{ticket_id}")
    def undo(
        request: Request,
        agent: Agent,
        ticket_id: UUID,
        feedback_id: Annotated[UUID, Form()],
        order: OrderField = FIRST,
    ) -> HTMLResponse:
        """The queue has closed the item for good; the ticket is shown to be judged again."""
        shown = transaction(engine, lambda c: _taken_back(c, ticket_id, feedback_id, agent.name))
        return pages.page(visit_of(request), "review/_desk.html", order=order, **shown)

    @routes.post("/review/again/{ticket_id}")
    def again(request: Request, agent: Agent, ticket_id: UUID, said: JudgementForm) -> HTMLResponse:
        def change(connection: Connection) -> dict[str, Any]:
            given = judged_again(connection, ticket_id, said, agent.name, service_users)
            return next_desk(connection, agent.name, said.order, lease_s, given)

        shown = transaction(engine, change)
        return pages.page(visit_of(request), "review/_desk.html", order=said.order, **shown)

    return routes


def judged_again(
    connection: Connection, ticket_id: UUID, said: Judgement, agent: str, ignored: frozenset[str]
) -> Undoable | None:
    """Says what a ticket should have been after all; None where the agent's word does not count.

    Raises:
        Problem: there is no such ticket.
        Invalid: what was said makes no sense.
    """
    case = read_case(connection, ticket_id, None)
    labels, department = replacement(said, case)
    words = Said(
        agent=agent,
        outcome=ReviewOutcome(said.outcome),
        labels=labels,
        department=department,
        revision=case.revision,
        note=said.note,
    )
    taken = take_feedback(connection, ticket_id, words, ignored=ignored)
    if taken.id is None:
        return None
    return Undoable(ticket_id=ticket_id, feedback_id=taken.id, outcome=said.outcome)


def _taken_back(
    connection: Connection, ticket_id: UUID, feedback_id: UUID, agent: str
) -> dict[str, Any]:
    record = read_record(connection, ticket_id)
    if str(feedback_id) not in {entry["id"] for entry in record["corrections"]}:
        raise Problem("not-found", "That was not said of this ticket.")
    case = case_of(record, None, taxonomy.labels(connection))
    try:
        corrections.withdraw(connection, feedback_id, agent=agent)
    except NotStanding as error:
        raise Problem("conflict", f"{error.field} {error.problem}") from error
    return around(connection, agent, case)
