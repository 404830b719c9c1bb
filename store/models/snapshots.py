"""What a data set is made from, and which data sets were made."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, text
from sqlalchemy.dialects.postgresql import insert

from core.types import Ticket
from store.contents import ticket_of
from store.tables import SnapshotRow

_AT_ONCE = 2_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Snapshot:
    """A data set that was made: its hash and where it lies."""

    id: str
    path: Path


@dataclass(frozen=True, slots=True, kw_only=True)
class BaseTicket:
    """A ticket that came with labels from people and was never decided here."""

    ticket_id: UUID
    ticket: Ticket
    received_at: datetime


_BASE = text(
    """
SELECT t.id AS ticket_id, t.external_id, t.received_at, c.subject, c.body, c.channel, c.language,
  c.customer, c.priority, c.metadata, c.created_at, c.deadline,
  c.labels
FROM tickets t JOIN ticket_contents c ON c.ticket_id = t.id AND c.revision = t.revision
WHERE c.labels IS NOT NULL AND t.state = 'decided'
  AND NOT EXISTS (SELECT 1 FROM decisions d WHERE d.ticket_id = t.id)
ORDER BY t.id
"""
)


def base_tickets(connection: Connection) -> Iterator[BaseTicket]:
    """Imported labelled tickets in order of their import, erased ones left out."""
    rows = connection.execution_options(yield_per=_AT_ONCE).execute(_BASE)
    for row in rows:
        yield BaseTicket(
            ticket_id=row.ticket_id,
            received_at=row.received_at,
            ticket=ticket_of(row, external_id=row.external_id, labels=row.labels),
        )


def register(
    connection: Connection, *, snapshot_id: str, path: Path, summary: Mapping[str, Any]
) -> None:
    """Makes a data set known; the same one again changes nothing."""
    row = insert(SnapshotRow).values(id=snapshot_id, path=str(path), summary=dict(summary))
    connection.execute(row.on_conflict_do_nothing())


def places(connection: Connection) -> dict[str, Path]:
    """Every data set on record with its folder, by id."""
    rows = connection.execute(text("SELECT id, path FROM dataset_snapshots"))
    return {row.id: Path(row.path) for row in rows}


def newest(connection: Connection) -> Snapshot | None:
    """The data set made last, if any."""
    row = connection.execute(
        text("SELECT id, path FROM dataset_snapshots ORDER BY created_at DESC, id LIMIT 1")
    ).one_or_none()
    return None if row is None else Snapshot(id=row.id, path=Path(row.path))


def summary_of(connection: Connection, snapshot_id: str) -> Mapping[str, Any] | None:
    """Counts of rows and labels of a data set; None for one that is not known."""
    found: Mapping[str, Any] | None = connection.execute(
        text("SELECT summary FROM dataset_snapshots WHERE id = :id"), {"id": snapshot_id}
    ).scalar()
    return found
