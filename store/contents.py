"""Rows of `ticket_contents` as tickets."""

from collections.abc import Iterable
from typing import Any

from sqlalchemy import Row

from core.types import Ticket


def ticket_of(row: Row[Any], *, external_id: str, labels: Iterable[str] | None) -> Ticket:
    """The ticket that a row describes, whatever else was selected with it.

    Args:
        row: with the columns of `ticket_contents`.
        external_id: the sender's id.
        labels: what people say it is about; None when nobody has said.
    """
    return Ticket(
        id=external_id,
        subject=row.subject,
        body=row.body,
        channel=row.channel,
        language=row.language,
        customer=row.customer,
        priority=row.priority,
        metadata=row.metadata,
        created_at=row.created_at,
        deadline=row.deadline,
        labels=None if labels is None else tuple(labels),
    )
