"""A change of labels committed: rows, rules, model and what teaches the new labels, or nothing."""

from uuid import UUID

from sqlalchemy import Connection

from core.types import FeedbackKind
from router.label_outlook import Wanted
from store.feedback.corrections import Feedback, give
from store.labels import label_usage
from store.labels.label_moves import LabelChange, apply
from store.queue.tickets import import_labelled
from store.rules import label_history

EXAMPLES = "label-examples"


def commit(connection: Connection, wanted: Wanted, change: LabelChange) -> None:
    """Makes the change, and keeps its examples to learn from.

    Raises:
        Invalid: something that the change was based on is another by now, or a ticket is not here.
    """
    apply(connection, change)
    import_labelled(connection, wanted.examples, source=EXAMPLES)
    for label, tickets in wanted.tickets.items():
        for ticket in tickets:
            _label_ticket(connection, ticket, label, actor=wanted.actor)


def _label_ticket(connection: Connection, ticket: UUID, label: str, *, actor: str) -> None:
    """The ticket carries the label from now on, beside what it carried; a split label goes."""
    carried = label_history.meaning(connection).read(label_usage.labels_of(connection, ticket))
    give(
        connection,
        Feedback(
            ticket_id=ticket,
            kind=FeedbackKind.WRONG_LABEL,
            agent=actor,
            labels=[*carried.labels, label],
            note="given as an example of the label",
        ),
    )
