"""What was said of one ticket, with what stands of it, and what its decision had shown."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import Connection, Row, text

from core.types import FeedbackKind, Verdict

_MOST = 1_000
_ABOUT_LABELS = frozenset({FeedbackKind.CONFIRMED, FeedbackKind.WRONG_LABEL})
_ABOUT_ROUTE = frozenset(
    {FeedbackKind.CONFIRMED, FeedbackKind.WRONG_ROUTE, FeedbackKind.MOVED_FOR_LOAD}
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One entry.

    Attributes:
        given_at: when the agent said it.
        received_at: when we heard of it.
        withdrawn_by: who took it back; None where nobody did.
        verdict: of a correction that was held from training.
        stands_for: of `labels` and `route`, what it is the last word on.
    """

    id: UUID
    revision: int
    kind: FeedbackKind
    labels: tuple[str, ...] | None
    department: str | None
    agent: str
    note: str
    final: bool
    given_at: datetime
    received_at: datetime
    withdrawn_by: str | None
    withdrawn_at: datetime | None
    verdict: Verdict | None
    stands_for: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """What agents found on a ticket: labels set or ticked, and its department."""

    labels: tuple[str, ...] = ()
    department: str | None = None


_HISTORY = text(
    """
SELECT c.id, c.revision, c.kind, c.labels, c.department, c.agent, c.note, c.final, c.given_at,
  c.created_at AS received_at, w.agent AS withdrawn_by, w.created_at AS withdrawn_at, r.verdict
FROM corrections c
LEFT JOIN corrections w ON w.supersedes = c.id AND w.kind = 'withdrawn'
LEFT JOIN correction_reviews r ON r.correction_id = c.id
WHERE c.ticket_id = :id AND c.kind <> 'withdrawn'
ORDER BY c.given_at DESC, c.id DESC LIMIT :most
"""
)
_SHOWN = text(
    "SELECT d.labels || d.preselected AS labels, d.primary_department FROM tickets t "
    "JOIN decisions d ON d.ticket_id = t.id AND d.revision = coalesce(:revision, t.revision) "
    "WHERE t.id = :id"
)


def history(connection: Connection, ticket_id: UUID) -> list[Entry] | None:
    """What was said, last said first, at most 1,000 entries; None where there is no ticket."""
    known = text("SELECT 1 FROM tickets WHERE id = :id AND state <> 'erased'")
    if connection.execute(known, {"id": ticket_id}).scalar() is None:
        return None
    rows = connection.execute(_HISTORY, {"id": ticket_id, "most": _MOST}).all()
    labels, route = (_last(rows, kinds) for kinds in (_ABOUT_LABELS, _ABOUT_ROUTE))
    return [_entry(row, {"labels": labels, "route": route}) for row in rows]


def shown(connection: Connection, ticket_id: UUID, revision: int | None) -> Shown:
    """What the decision on a revision showed, on the newest if None; nothing where none is."""
    row = connection.execute(_SHOWN, {"id": ticket_id, "revision": revision}).one_or_none()
    if row is None:
        return Shown()
    return Shown(labels=tuple(row.labels), department=row.primary_department)


def _last(rows: Iterable[Row[tuple[object, ...]]], kinds: frozenset[FeedbackKind]) -> UUID | None:
    standing = (row.id for row in rows if row.kind in kinds and row.withdrawn_by is None)
    return next(standing, None)


def _entry(row: Row[tuple[object, ...]], last: dict[str, UUID | None]) -> Entry:
    fields = {
        **row._mapping,
        "kind": FeedbackKind(row.kind),
        "labels": None if row.labels is None else tuple(row.labels),
        "verdict": None if row.verdict is None else Verdict(row.verdict),
    }
    return Entry(**fields, stands_for=tuple(name for name, id_ in last.items() if id_ == row.id))
