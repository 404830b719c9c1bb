"""What helpdesks tell, kept: a ticket to be routed, an agent's word on a decision, or nothing.

However often and in whatever order it is told, the same stands in the end: the first message of a
ticket as it was changed last, and where the ticket lay last.
"""

from dataclasses import dataclass, replace
from enum import StrEnum
from uuid import UUID

from sqlalchemy import Connection

from core.errors import Invalid
from core.redaction import Redactor
from core.types import FeedbackKind
from helpdesks.kinds import department_of
from helpdesks.placing import Moved, placed
from helpdesks.seen import Corrected, NotForUs, Seen, Told
from helpdesks.tagging import labels_of
from store.feedback.corrections import Feedback, NotStanding, give_once, withdraw
from store.helpdesk.helpdesk_tickets import Decided, Known, decided, forget, known, save
from store.helpdesk.helpdesks import Helpdesk
from store.queue.tickets import Outcome as Stored
from store.queue.tickets import accept
from store.rules import taxonomy

_ERASED = "the ticket was erased"


class Outcome(StrEnum):
    """What became of a delivery: a ticket, a word on a decision, or nothing."""

    TICKET = "ticket"
    FEEDBACK = "feedback"
    IGNORED = "ignored"


@dataclass(frozen=True, slots=True, kw_only=True)
class Taken:
    """What became of it, and why where that is nothing; `is_new` asks for a decision."""

    outcome: Outcome
    id: UUID | None = None
    reason: str | None = None
    is_new: bool = False


def take(connection: Connection, desk: Helpdesk, told: Told, redact: Redactor) -> Taken:
    """Keeps what a helpdesk told.

    Args:
        connection: an open transaction.
        desk: who told it.
        told: what.
        redact: takes out what must not be stored.
    """
    if isinstance(told, NotForUs):
        return _ignored(told.reason)
    if isinstance(told, Corrected):
        return _corrected(connection, desk, told)
    before = known(connection, desk.name, told.external_id)
    now, stored = _content(connection, desk, before, told, redact)
    if stored is not None and stored.reason == _ERASED:
        forget(connection, before)
        return stored
    now, moved = placed(now, told, service_user=desk.service_user)
    said = None if moved is None else _judged(connection, desk, now, told, moved)
    save(connection, replace(now, correction_id=said.id) if said and said.id else now)
    ticket = Taken(outcome=Outcome.TICKET, id=now.ticket_id)
    return stored or (said and replace(said, id=now.ticket_id)) or _none(ticket, told, desk)


def _content(
    connection: Connection, desk: Helpdesk, before: Known, told: Seen, redact: Redactor
) -> tuple[Known, Taken | None]:
    """Stores what the customer said, if that is the first message as it was changed last."""
    is_our_doing = desk.service_user is not None and told.actor == desk.service_user
    if told.content is None or (is_our_doing and before.ticket_id) or _is_older(before, told):
        return before, None
    (entry,) = accept(connection, [told.content], source=desk.name, redact=redact)
    if entry.outcome is Stored.ERASED:
        return before, _ignored(_ERASED)
    after = replace(before, ticket_id=entry.id, said_at=told.said_at, content_at=told.at)
    if entry.outcome is Stored.DUPLICATE:
        return after, None
    return after, Taken(outcome=Outcome.TICKET, id=entry.id, is_new=True)


def _is_older(before: Known, told: Seen) -> bool:
    """A later message is no new ticket; of one message the latest change counts."""
    if before.content_at is None:
        return False
    if told.said_at is None or before.said_at is None or told.said_at == before.said_at:
        return told.at < before.content_at
    return told.said_at > before.said_at


def _none(ticket: Taken, told: Seen, desk: Helpdesk) -> Taken:
    if told.actor is not None and told.actor == desk.service_user:
        return replace(ticket, outcome=Outcome.IGNORED, reason="it is our own change")
    return replace(ticket, outcome=Outcome.IGNORED, reason="it says nothing new")


def _ignored(reason: str) -> Taken:
    return Taken(outcome=Outcome.IGNORED, reason=reason)


def _judged(
    connection: Connection, desk: Helpdesk, now: Known, told: Seen, moved: Moved
) -> Taken | None:
    """An agent's move as their word on the decision, if there is one already.

    Who puts things back as they were decided takes their word back.
    """
    stands = None if now.ticket_id is None else decided(connection, now.ticket_id)
    if stands is None:
        return None
    labels = None if moved.tags is None else _labels(connection, moved.tags)
    department = None if moved.team is None else department_of(desk.teams, moved.team)
    wrong = _wrong(stands, labels, department)
    if wrong is None:
        return _taken_back(connection, now, told, desk)
    return _given(connection, wrong, told=told, desk=desk)


def _wrong(
    stands: Decided, labels: tuple[str, ...] | None, department: str | None
) -> Feedback | None:
    """What differs from the decision; None if nothing does."""
    shown = {*stands.labels, *stands.preselected}
    moved_to = None if department == stands.primary_department else department
    if labels is not None and {*labels} not in ({*stands.labels}, shown):
        kind = FeedbackKind.WRONG_LABEL
    elif moved_to is not None:
        kind, labels = FeedbackKind.WRONG_ROUTE, None
    else:
        return None
    return Feedback(
        ticket_id=stands.id,
        kind=kind,
        agent="",
        labels=labels,
        department=moved_to,
        revision=stands.revision,
    )


def _given(connection: Connection, said: Feedback, *, told: Seen, desk: Helpdesk) -> Taken:
    who = told.agent or told.actor or "unknown"
    key = f"{desk.name}/{told.external_id}/{told.at.isoformat()}"
    return _keep(connection, replace(said, agent=f"{desk.name}/{who}", given_at=told.at, key=key))


def _keep(connection: Connection, feedback: Feedback) -> Taken:
    """A team that is no department, or a moment long past, is no word on a decision."""
    try:
        given = give_once(connection, feedback)
    except Invalid as error:
        return _ignored(f"{error.field} {error.problem}")
    return Taken(outcome=Outcome.FEEDBACK, id=given.id)


def _taken_back(connection: Connection, now: Known, told: Seen, desk: Helpdesk) -> Taken | None:
    if now.correction_id is None:
        return None
    try:
        who = told.agent or told.actor or "unknown"
        withdraw(connection, now.correction_id, agent=f"{desk.name}/{who}")
    except NotStanding:
        return None
    return Taken(outcome=Outcome.FEEDBACK, id=now.correction_id)


def _labels(connection: Connection, tags: frozenset[str]) -> tuple[str, ...]:
    return labels_of(tags, (label.name for label in taxonomy.labels(connection)))


def _corrected(connection: Connection, desk: Helpdesk, told: Corrected) -> Taken:
    """An agent's word in so many words.

    Raises:
        Invalid: it names no ticket, or what is not known here.
    """
    entry = known(connection, desk.name, told.external_id)
    if entry.ticket_id is None:
        raise Invalid("data.id", "names no ticket", "send the ticket first")
    if told.labels is None and told.department is None:
        raise Invalid("data", "says nothing", "send labels, department or both")
    given = give_once(connection, _feedback(told, entry.ticket_id, _key(desk, told)))
    return Taken(outcome=Outcome.FEEDBACK, id=given.id)


def _feedback(told: Corrected, ticket_id: UUID, key: str | None) -> Feedback:
    is_label = told.labels is not None
    return Feedback(
        ticket_id=ticket_id,
        kind=FeedbackKind.WRONG_LABEL if is_label else FeedbackKind.WRONG_ROUTE,
        agent=told.agent,
        labels=told.labels,
        department=told.department,
        given_at=told.at,
        key=key,
    )


def _key(desk: Helpdesk, told: Corrected) -> str | None:
    return None if told.delivery_id is None else f"{desk.name}/{told.delivery_id}"
