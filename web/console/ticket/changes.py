"""What people change on a ticket's page: what they say of it, what they take back, a new try."""

from typing import Annotated, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy import Connection

from core.errors import Invalid
from core.types import FeedbackKind, ReviewOutcome
from router.feedback import Said, take_feedback
from store.access import audit
from store.decided.decisions import replay_quarantined
from store.decided.explanations import scored_by
from store.feedback import feedback_history
from store.feedback.corrections import NoTicket, NotStanding, withdraw
from web.api.feedback.schemas import Labels, Note
from web.api.words import CLEANED
from web.console.ticket.story import seen_tag, standing
from web.problems import Problem


class Correction(BaseModel):
    """The form.

    Attributes:
        revision: of the ticket that was looked at.
        seen: `seen_tag` of what had been said by then.
        for_load: the department was right, and others had time.
    """

    model_config = ConfigDict(extra="forbid")

    verdict: Literal["accepted", "replaced"]
    revision: Annotated[int, Field(ge=1, le=2_147_483_647)]
    seen: Annotated[str, Field(max_length=40)]
    labels: Labels = []
    department: Annotated[str, Field(max_length=200), CLEANED] = ""
    note: Note = ""
    for_load: bool = False


class Stale(Exception):
    """Somebody else said something of the ticket, or it was revised, since the page was shown."""


def correct(
    connection: Connection, ticket_id: UUID, wanted: Correction, *, by: str, ignored: frozenset[str]
) -> None:
    """Keeps what the form says, labels and department as a word each.

    Raises:
        Problem: there is no such ticket.
        Stale: the form was filled in on what does not stand any more.
        Invalid: nothing was changed, or a label or department is not known.
    """
    for said in _words(connection, ticket_id, wanted, by):
        try:
            take_feedback(connection, ticket_id, said, ignored=ignored)
        except NoTicket as error:
            raise _no(ticket_id) from error


def take_back(connection: Connection, ticket_id: UUID, feedback_id: UUID, *, by: str) -> None:
    """Takes one entry back.

    Raises:
        Problem: there is no such entry, or it was taken back before.
    """
    entries = feedback_history.history(connection, ticket_id) or []
    if feedback_id not in {entry.id for entry in entries}:
        raise Problem("not-found", f"{feedback_id} was not said of this ticket.")
    try:
        withdraw(connection, feedback_id, agent=by)
    except NotStanding as error:
        raise Problem("conflict", "It was taken back already.") from error


def try_again(connection: Connection, ticket_id: UUID, *, by: str) -> None:
    """Puts a quarantined ticket back in the queue.

    Raises:
        Problem: it is not in quarantine.
    """
    if not replay_quarantined(connection, ids=[ticket_id]):
        raise Problem("conflict", "The ticket is not in quarantine any more.")
    audit.record(connection, actor=by, action="ticket.replayed", subject=f"ticket {ticket_id}")


def _words(connection: Connection, ticket_id: UUID, wanted: Correction, by: str) -> list[Said]:
    entries = feedback_history.history(connection, ticket_id)
    scored = scored_by(connection, ticket_id)
    if entries is None or scored is None:
        raise _no(ticket_id)
    if (wanted.revision, wanted.seen) != (scored.revision, seen_tag(entries)):
        raise Stale
    if wanted.verdict == "accepted":
        return [_said(wanted, by, ReviewOutcome.ACCEPTED)]
    shown = feedback_history.shown(connection, ticket_id, wanted.revision)
    stands = standing(entries, shown, wanted.revision)
    said = []
    if {*wanted.labels} != {*stands.labels}:
        said.append(_said(wanted, by, ReviewOutcome.REPLACED, labels=wanted.labels))
    if wanted.department not in ("", stands.department):
        kind = FeedbackKind.MOVED_FOR_LOAD if wanted.for_load else FeedbackKind.WRONG_ROUTE
        said.append(_said(wanted, by, ReviewOutcome.REPLACED, kind, department=wanted.department))
    if not said:
        fix = "change labels or the department, or say that it is right"
        raise Invalid("labels", "and department are those that stand", fix)
    return said


def _said(
    wanted: Correction,
    by: str,
    outcome: ReviewOutcome,
    kind: FeedbackKind | None = None,
    *,
    labels: list[str] | None = None,
    department: str | None = None,
) -> Said:
    return Said(
        agent=by,
        outcome=outcome,
        kind=kind,
        labels=labels,
        department=department,
        revision=wanted.revision,
        note=wanted.note,
    )


def _no(ticket_id: UUID) -> Problem:
    return Problem("not-found", f"There is no ticket {ticket_id}.")
