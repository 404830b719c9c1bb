"""A person's feedback from the command line, and held corrections in words."""

import getpass
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, Engine

from cli.output import printable
from core.errors import Invalid
from core.feedback import meant
from core.types import FeedbackKind
from store.engine import transaction
from store.feedback.corrections import Feedback, HeldCorrection, give
from store.figures.audit_sample import AuditTicket
from store.queue.tickets import find
from store.rules import label_history


@dataclass(frozen=True, slots=True, kw_only=True)
class Corrected:
    """An entry that was made.

    Attributes:
        older: names in it that were given up, to what they mean now, as which they were noted.
    """

    id: UUID
    older: Mapping[str, Sequence[str]]


def correct(
    engine: Engine,
    reference: str,
    *,
    kind: FeedbackKind | None,
    labels: Sequence[str] | None,
    department: str | None,
    note: str,
) -> Corrected:
    """Appends feedback on a ticket.

    Raises:
        Invalid: names what is wrong.
    """

    def work(connection: Connection) -> Corrected:
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
        meaning = label_history.meaning(connection)
        older = {name: meaning.now[name] for name in meaning.stale(labels or ())}
        return Corrected(id=give(connection, feedback), older=older)

    return transaction(engine, work)


def held_line(item: HeldCorrection) -> str:
    """One line: which, by whom, why it waits."""
    labels = ", ".join(item.labels) or "no label"
    return f"{item.id}  {item.agent}: {labels}  ({item.reason})"


def audit_line(item: AuditTicket) -> str:
    """One line: which ticket, where it went, and as what."""
    labels = ", ".join(item.labels) or "no label"
    sender = printable(item.external_id, 60)
    return f"{item.ticket_id}  {sender}: {item.primary_department}  ({labels})"


def audit_object(item: AuditTicket) -> dict[str, Any]:
    """JSON-ready."""
    return {
        "ticket": str(item.ticket_id),
        "external_id": item.external_id,
        "department": item.primary_department,
        "labels": list(item.labels),
        "model_version": item.model_version,
        "decided_at": item.decided_at.isoformat(),
    }


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
