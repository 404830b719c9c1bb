"""What the page of one ticket shows, read in one transaction, but for its explanation."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, Engine
from starlette.requests import Request
from starlette.responses import HTMLResponse

from core.types import Role, TicketState
from router.history import stored_case
from store.decided import records
from store.engine import transaction
from store.feedback import feedback_history
from store.feedback.feedback_history import Entry, Shown
from store.rules import taxonomy
from web.console.pages import Pages
from web.console.review.case import REASONS
from web.console.ticket.changes import Correction
from web.console.ticket.story import (
    EVENTS,
    Happening,
    ScoreLine,
    score_lines,
    seen_tag,
    standing,
    story,
)
from web.console.visits import visit_of
from web.problems import Problem

_MAY_TRY_AGAIN = frozenset({Role.OPS, Role.ADMIN})


@dataclass(frozen=True, slots=True, kw_only=True)
class TicketView:
    """Everything that the page shows but the explanation.

    Attributes:
        record: `store.decided.records.ticket_record`.
        stands: labels and department by the last word about each.
        seen: `seen_tag` of `feedback`.
    """

    record: Mapping[str, Any]
    scores: tuple[ScoreLine, ...]
    story: tuple[Happening, ...]
    feedback: tuple[Entry, ...]
    stands: Shown
    seen: str
    labels: tuple[taxonomy.Label, ...]
    departments: tuple[str, ...]

    @property
    def is_erased(self) -> bool:
        """Whether nothing of it is left."""
        return bool(self.record["state"] == TicketState.ERASED)

    @property
    def is_quarantined(self) -> bool:
        """Whether it failed and waits for somebody."""
        return bool(self.record["state"] == TicketState.QUARANTINED)


def show_ticket(
    engine: Engine,
    pages: Pages,
    request: Request,
    ticket_id: UUID,
    *,
    draft: Correction | None = None,
) -> HTMLResponse:
    """The page; or with a draft that came too late, the form with both.

    Raises:
        Problem: there is no such ticket.
    """
    visit = visit_of(request)
    role = visit.person.role if visit.person else None
    return pages.page(
        visit,
        "ticket/_correct.html" if draft else "ticket/page.html",
        412 if draft else 200,
        view=transaction(engine, lambda c: read_ticket(c, ticket_id)),
        may_try_again=role in _MAY_TRY_AGAIN,
        event_names=EVENTS,
        doubts=REASONS,
        draft=draft,
    )


def read_ticket(connection: Connection, ticket_id: UUID) -> TicketView:
    """Reads what the page shows.

    Raises:
        Problem: there is no such ticket.
    """
    record = records.ticket_record(connection, ticket_id)
    if record is None:
        raise Problem("not-found", f"There is no ticket {ticket_id}.")
    feedback = feedback_history.history(connection, ticket_id) or []
    decided = feedback_history.shown(connection, ticket_id, None)
    case = stored_case(connection, ticket_id)
    return TicketView(
        record=record,
        scores=score_lines(record["decision"], {} if case is None else case.policy.auto_from),
        story=story(record),
        feedback=tuple(feedback),
        stands=standing(feedback, decided, record["revision"]),
        seen=seen_tag(feedback),
        labels=tuple(taxonomy.labels(connection)),
        departments=tuple(each.name for each in taxonomy.departments(connection)),
    )
