"""A person's feedback from the command line, and held corrections in words."""

import getpass
from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, Engine

from core.errors import Invalid
from core.types import FeedbackKind
from store.corrections import Feedback, HeldCorrection, give
from store.engine import transaction
from store.tickets import find


def correct(
    engine: Engine,
    reference: str,
    *,
    kind: FeedbackKind | None,
    labels: Sequence[str] | None,
    department: str | None,
    note: str,
) -> UUID:
    """Appends feedback on a ticket.

    Raises:
        Invalid: names what is wrong.
    """

    def work(connection: Connection) -> UUID:
        ticket = find(connection, reference)
        if ticket is None:
            raise Invalid("TICKET", "is that of no ticket", "give its UUID or its sender's id")
        feedback = Feedback(
            ticket_id=ticket,
            kind=kind or meant(labels, department),
            agent=getpass.getuser(),
            labels=labels,
            department=department,
            note=note,
        )
        return give(connection, feedback)

    return transaction(engine, work)


def meant(labels: Sequence[str] | None, department: str | None) -> FeedbackKind:
    """What somebody means who names labels, a department, or neither."""
    if labels is not None:
        return FeedbackKind.WRONG_LABEL
    return FeedbackKind.CONFIRMED if department is None else FeedbackKind.WRONG_ROUTE


def held_line(item: HeldCorrection) -> str:
    """One line: which, by whom, why it waits."""
    labels = ", ".join(item.labels) or "no label"
    return f"{item.id}  {item.agent}: {labels}  ({item.reason})"


def held_object(item: HeldCorrection) -> dict[str, Any]:
    """JSON-ready."""
    return {
        "correction": str(item.id),
        "ticket": str(item.ticket_id),
        "agent": item.agent,
        "labels": list(item.labels),
        "reason": item.reason,
        "held_at": item.held_at.isoformat(),
    }
