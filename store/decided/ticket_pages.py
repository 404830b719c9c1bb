"""Tickets in pages, newest first, at a cost that does not grow with history.

A page looks at the next tickets in the order of their ids and keeps those that fit. However rare
what it looks for, it looks at no more than some thousands; so a page may be short, or empty, and
still have a next one.
"""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, text

from core.types import TicketState
from store.partitions import LAST_UUID, first_uuid

_LOOKED_AT = 2_000
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class TicketFilter:
    """Which tickets: all that fit everything that is not None.

    Attributes:
        label: among the labels of the standing decision.
        department: the primary one.
        sources: any of these.
        score_from: least score, in [0, 1], of `label`, or without one of the highest label.
        score_below: which that score does not reach.
        since: received at or after.
        until: received before.
    """

    state: TicketState | None = None
    label: str | None = None
    department: str | None = None
    source: str | None = None
    sources: tuple[str, ...] | None = None
    external_id: str | None = None
    language: str | None = None
    model_version: str | None = None
    score_from: float | None = None
    score_below: float | None = None
    since: datetime | None = None
    until: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class TicketLine:
    """A ticket in a list, with its standing decision if it has one."""

    id: UUID
    source: str
    external_id: str
    revision: int
    state: str
    received_at: datetime
    due_at: datetime
    subject: str | None
    language: str | None
    priority: str | None
    deadline: datetime | None
    primary_department: str | None
    labels: list[str] | None
    reason: str | None
    rung: str | None
    model_version: str | None
    decided_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class TicketPage:
    """Some tickets, and the id after which the next page begins; None after the last page."""

    tickets: tuple[TicketLine, ...]
    next_after: UUID | None


_SCORE = (
    "(SELECT max(CAST(s.value AS float8)) FROM jsonb_each_text(d.scores) s "
    "WHERE s.key = coalesce(CAST(:score_of AS text), s.key))"
)
_CONDITIONS = {
    "state": "t.state = :state",
    "label": "d.labels @> ARRAY[:label]::text[]",
    "department": "d.primary_department = :department",
    "source": "t.source = :source",
    "sources": "t.source = ANY(CAST(:sources AS text[]))",
    "external_id": "t.external_id = :external_id",
    "language": "c.language = :language",
    "model_version": "d.model_version = :model_version",
    "score_from": f"{_SCORE} >= :score_from",
    "score_below": f"{_SCORE} < :score_below",
}
_LINES = """
SELECT t.id, t.source, t.external_id, t.revision, t.state, t.received_at, t.due_at, c.subject,
  c.language, c.priority, c.deadline, d.primary_department, d.labels, d.reason, d.rung,
  d.model_version, d.decided_at
FROM tickets t
LEFT JOIN ticket_contents c ON c.ticket_id = t.id AND c.revision = t.revision
LEFT JOIN decisions d ON d.ticket_id = t.id AND d.revision = t.revision
WHERE t.id = ANY(:ids) {conditions}
ORDER BY t.id DESC LIMIT :most
"""


def page(
    connection: Connection, wanted: TicketFilter, *, after: UUID | None, most: int
) -> TicketPage:
    """The next tickets that fit, newest first.

    Args:
        connection: an open transaction.
        wanted: which tickets.
        after: `next_after` of the page before; None for the first page.
        most: largest number of tickets.
    """
    values = {name: getattr(wanted, name) for name in _CONDITIONS}
    values["sources"] = wanted.sources and list(wanted.sources)
    used = {name: value for name, value in values.items() if value is not None}
    looked_at = _LOOKED_AT if used else most
    ids = _next_ids(connection, wanted, after=after, most=looked_at)
    conditions = "".join(f" AND {_CONDITIONS[name]}" for name in used)
    rows = connection.execute(
        text(_LINES.format(conditions=conditions)),
        {"ids": ids, "most": most, "score_of": wanted.label, **used},
    )
    lines = tuple(TicketLine(**row._mapping) for row in rows)
    if len(lines) == most:
        return TicketPage(tickets=lines, next_after=lines[-1].id)
    return TicketPage(tickets=lines, next_after=ids[-1] if len(ids) == looked_at else None)


def _next_ids(
    connection: Connection, wanted: TicketFilter, *, after: UUID | None, most: int
) -> list[UUID]:
    """Ids in falling order: of a natural key, of quarantined tickets, or of all."""
    values: dict[str, Any] = {
        "low": first_uuid(max(wanted.since or _EPOCH, _EPOCH)),
        "high": min(
            first_uuid(max(wanted.until, _EPOCH)) if wanted.until else LAST_UUID,
            after or LAST_UUID,
        ),
        "most": most,
    }
    among = "tickets WHERE"
    column = "id"
    if wanted.external_id is not None and wanted.source is not None:
        among = "ticket_keys WHERE source = :source AND external_id = :external_id AND"
        column = "ticket_id"
        values |= {"source": wanted.source, "external_id": wanted.external_id}
    elif wanted.state is TicketState.QUARANTINED:
        among = "tickets WHERE state = 'quarantined' AND"  # a literal, for the partial index
    statement = (
        f"SELECT {column} FROM {among} {column} >= :low AND {column} < :high "
        f"ORDER BY {column} DESC LIMIT :most"
    )
    return list(connection.execute(text(statement), values).scalars())
