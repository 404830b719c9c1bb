"""Tickets that failed and wait for somebody to try them again, with what went wrong."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import Connection, text

from store.partitions import LAST_UUID

# The state is a literal, for the partial index.
_PAGE = text(
    "SELECT id, source, external_id, error, attempts, received_at FROM tickets "
    "WHERE state = 'quarantined' AND id < :below ORDER BY id DESC LIMIT :most"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Failed:
    """A quarantined ticket; never with its text."""

    id: UUID
    source: str
    external_id: str
    error: str | None
    attempts: int
    received_at: datetime


def page(connection: Connection, *, after: UUID | None, most: int) -> list[Failed]:
    """The newest of them; those that come after `after` where it is named."""
    rows = connection.execute(_PAGE, {"below": after or LAST_UUID, "most": most})
    return [Failed(**row._mapping) for row in rows]
