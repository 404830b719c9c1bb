"""What looks at the labels found: tickets that no label fits, labels that overlap, and verdicts.

A look is named by the moment at which the one before it was kept, so that two trainers that look
at once keep one report.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import Connection, Row, text

from core.events import EventName
from store.access import audit
from store.delivery import outbox
from store.feedback.corrections import STANDS
from store.partitions import first_uuid


class Unlabelled(NamedTuple):
    """A ticket that no label fits: none was likely enough, or people took all away."""

    ticket_id: UUID
    subject: str
    body: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """What a look found, to be kept.

    Attributes:
        gaps: JSON objects, as `trainer.labels.gaps.Gap` gives them.
        overlaps: likewise, `trainer.labels.overlaps.Overlap`.
    """

    model_version: str
    since: datetime
    until: datetime
    tickets: int
    gaps: Sequence[Mapping[str, Any]]
    overlaps: Sequence[Mapping[str, Any]]


@dataclass(frozen=True, slots=True, kw_only=True)
class LabelReport(Found):
    """A look; what people gave a verdict on is left out."""

    id: int
    created_at: datetime


_COLUMNS = 'id, model_version, since, until, tickets, gaps, "overlaps", created_at'
_UNLABELLED = text(
    f"""
SELECT d.ticket_id, s.subject, s.body FROM decisions d
JOIN tickets t ON t.id = d.ticket_id AND t.revision = d.revision AND t.state <> 'erased'
  AND t.id >= :low AND t.id < :high
JOIN ticket_contents s ON s.ticket_id = d.ticket_id AND s.revision = d.revision
  AND s.ticket_id >= :low AND s.ticket_id < :high
LEFT JOIN LATERAL (
  SELECT c.labels FROM corrections c WHERE c.ticket_id = d.ticket_id AND c.revision = d.revision
    AND c.kind IN ('confirmed', 'wrong_label') AND {STANDS}
  ORDER BY c.given_at DESC, c.id DESC LIMIT 1) w ON true
WHERE d.ticket_id >= :low AND d.ticket_id < :high AND d.rung IN ('model', 'model_cpu')
  AND d.reason NOT IN ('empty_text', 'manual_triage', 'unsupported_language')
  AND cardinality(coalesce(w.labels, d.labels || d.preselected)) = 0
ORDER BY d.ticket_id DESC LIMIT :most
"""
)
_LABELS = text(
    "SELECT labels FROM decisions WHERE ticket_id >= :low AND ticket_id < :high "
    "AND cardinality(labels) > 0 ORDER BY ticket_id DESC LIMIT :most"
)
_KEEP = text(
    'INSERT INTO label_reports ("window", model_version, since, until, tickets, gaps, "overlaps") '
    "VALUES (:window, :version, :since, :until, :tickets, CAST(:gaps AS jsonb), "
    'CAST(:overlaps AS jsonb)) ON CONFLICT ("window") DO NOTHING RETURNING id'
)
_NEWEST = text(f"SELECT {_COLUMNS} FROM label_reports ORDER BY id DESC LIMIT 1")
_VERDICT = text(
    "INSERT INTO label_verdicts (key, terms, label, decided_by) "
    "VALUES (:key, :terms, :label, :by) ON CONFLICT (key) DO NOTHING"
)


def unlabelled(
    connection: Connection, since: datetime, until: datetime, *, most: int
) -> list[Unlabelled]:
    """The newest tickets of a stretch of arrival that no label fits."""
    values = {"low": first_uuid(since), "high": first_uuid(until), "most": most}
    return [Unlabelled._make(row) for row in connection.execute(_UNLABELLED, values)]


def label_sets(
    connection: Connection, since: datetime, until: datetime, *, most: int
) -> list[list[str]]:
    """Labels of the newest decisions of a stretch that have any."""
    values = {"low": first_uuid(since), "high": first_uuid(until), "most": most}
    return [list(row.labels) for row in connection.execute(_LABELS, values)]


def keep(connection: Connection, found: Found, *, after: datetime | None) -> int | None:
    """Stores a look with its event; its id, None where another trainer kept one.

    Args:
        connection: an open transaction.
        found: what to keep.
        after: when the report before it was made; None of the first.
    """
    values = {
        "window": "first" if after is None else after.isoformat(),
        "version": found.model_version,
        "since": found.since,
        "until": found.until,
        "tickets": found.tickets,
        "gaps": json.dumps(list(found.gaps), ensure_ascii=False),
        "overlaps": json.dumps(list(found.overlaps), ensure_ascii=False),
    }
    id_: int | None = connection.execute(_KEEP, values).scalar()
    if id_ is not None:
        told = {
            "report": id_,
            "tickets": found.tickets,
            "gaps": len(found.gaps),
            "overlaps": [list(each["labels"]) for each in found.overlaps],
        }
        outbox.tell(connection, EventName.LABELS_REVIEWED, told)
    return id_


def newest(connection: Connection) -> LabelReport | None:
    """The look made last, without what people gave a verdict on; None before the first."""
    row = connection.execute(_NEWEST).one_or_none()
    return None if row is None else _report(row, _said(connection))


def said_of(connection: Connection) -> list[frozenset[str]]:
    """Terms of gaps that people gave a verdict on."""
    return [frozenset(terms) for terms in _said(connection).values() if terms]


def give_verdict(
    connection: Connection, key: str, *, terms: Sequence[str], label: str | None, actor: str
) -> None:
    """Keeps that a person dealt with a finding; the first verdict stands.

    Args:
        connection: an open transaction.
        key: of the gap or the overlap.
        terms: of a gap, by which it is known again; none of an overlap.
        label: that was made of a gap; None where it is no finding to them.
        actor: who says so.
    """
    values = {"key": key, "terms": list(terms), "label": label, "by": actor}
    connection.execute(_VERDICT, values)
    what = "label_report.accepted" if label else "label_report.dismissed"
    audit.record(connection, actor=actor, action=what, subject=key, detail={"label": label})


def _said(connection: Connection) -> dict[str, list[str]]:
    rows = connection.execute(text("SELECT key, terms FROM label_verdicts"))
    return {row.key: list(row.terms) for row in rows}


def _report(row: Row[Any], said: Mapping[str, object]) -> LabelReport:
    left = {
        name: [each for each in row._mapping[name] if each["key"] not in said]
        for name in ("gaps", "overlaps")
    }
    return LabelReport(**{**row._mapping, **left})
