"""Feedback as it arrives from helpdesks and agents: what it means, kept once."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from sqlalchemy import Connection

from core.errors import Invalid
from core.feedback import closed_as, kind_of
from core.types import FeedbackKind, ReviewOutcome
from store.feedback.corrections import Feedback, give_once
from store.feedback.feedback_history import shown
from store.rules import label_history


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """What a caller sends.

    Attributes:
        agent: on whose behalf.
        outcome: what became of the decision; None for a final word that says with which labels
            the ticket was closed, from which it follows.
        kind: what is meant; None where that follows from the rest.
        key: that makes deliveries of it one entry; None where each is its own.
    """

    agent: str
    outcome: ReviewOutcome | None
    kind: FeedbackKind | None = None
    labels: Sequence[str] | None = None
    department: str | None = None
    revision: int | None = None
    note: str = ""
    final: bool = False
    given_at: datetime | None = None
    key: str | None = None


class Outcome(StrEnum):
    """What became of a delivery: kept, kept before, or from somebody who does not count."""

    STORED = "stored"
    DUPLICATE = "duplicate"
    IGNORED = "ignored"


@dataclass(frozen=True, slots=True, kw_only=True)
class Taken:
    """What became of it; `id` and `kind` are None where it was ignored."""

    outcome: Outcome
    id: UUID | None = None
    kind: FeedbackKind | None = None


def take_feedback(
    connection: Connection, ticket_id: UUID, said: Said, *, ignored: frozenset[str]
) -> Taken:
    """Keeps what was said of a ticket, once.

    Args:
        connection: an open transaction.
        ticket_id: which ticket.
        said: what was said.
        ignored: agents whose words are our own write-backs.

    Raises:
        NoTicket: there is none, or it was erased.
        KeyReused: the key was used for something else.
        Invalid: names what is wrong.
    """
    if said.agent in ignored:
        return Taken(outcome=Outcome.IGNORED)
    feedback = _feedback(connection, ticket_id, said)
    given = give_once(connection, feedback)
    outcome = Outcome.STORED if given.is_new else Outcome.DUPLICATE
    return Taken(outcome=outcome, id=given.id, kind=feedback.kind)


def _feedback(connection: Connection, ticket_id: UUID, said: Said) -> Feedback:
    kind = _closed(connection, ticket_id, said) if said.outcome is None else _kind(said)
    return Feedback(
        ticket_id=ticket_id,
        kind=kind,
        agent=said.agent,
        labels=said.labels if kind is FeedbackKind.WRONG_LABEL or said.outcome else None,
        department=said.department,
        revision=said.revision,
        note=said.note,
        final=said.final,
        given_at=said.given_at,
        key=said.key,
    )


def _kind(said: Said) -> FeedbackKind:
    assert said.outcome is not None, "the caller asked"
    return kind_of(said.outcome, said.kind, said.labels, said.department)


def _closed(connection: Connection, ticket_id: UUID, said: Said) -> FeedbackKind:
    if not said.final or said.labels is None:
        fix = "say accepted, replaced or skipped; a final word with labels may leave it out"
        raise Invalid("outcome", "is missing", fix)
    found = shown(connection, ticket_id, said.revision)
    read = label_history.meaning(connection).read
    return closed_as(
        read(said.labels).labels, said.department, read(found.labels).labels, found.department
    )
