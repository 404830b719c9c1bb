"""What has been said about labels: on how many tickets, and on which ones somebody must say more.

Names are counted as they were written; `core.label_meaning` tells what they mean now. Hours of
arrival are counted (`store.figures.hour_counts`), so that this costs hours and not tickets.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from uuid import UUID

from sqlalchemy import Connection, text

from core.errors import Invalid
from core.text import model_text
from store.feedback.corrections import STANDS
from store.figures import hour_counts
from store.figures.decision_sql import GIVEN

_ALWAYS = datetime(1970, 1, 1, tzinfo=UTC)
_SETS = text(
    f"{GIVEN} SELECT labels, corrected, sum(tickets)::bigint AS tickets FROM ("
    f"SELECT labels, corrected, tickets FROM hour_labels WHERE {hour_counts.STANDS} "
    "UNION ALL SELECT labels, corrected, 1 FROM given WHERE labels IS NOT NULL) each GROUP BY 1, 2"
)
# The newest hours that have so many tickets together.
_HOURS = text(
    "SELECT hour FROM (SELECT hour, sum(sum(tickets)) OVER (ORDER BY hour DESC) - sum(tickets) "
    f"AS newer FROM hour_labels WHERE {hour_counts.STANDS} AND labels && CAST(:names AS text[]) "
    "GROUP BY hour) h WHERE newer < :most"
)
_NAMING = text(
    f"{GIVEN} SELECT s.ticket_id, t.external_id, s.labels, c.subject, c.body "
    "FROM given s JOIN tickets t ON t.id = s.ticket_id "
    "JOIN ticket_contents c ON c.ticket_id = t.id AND c.revision = t.revision "
    "WHERE s.labels && CAST(:names AS text[]) ORDER BY s.ticket_id DESC LIMIT :most"
)
_NEWEST = text(
    """
SELECT c.subject, c.body, coalesce(c.labels, d.labels, '{}') AS labels
FROM (SELECT id, revision FROM tickets WHERE state <> 'erased' ORDER BY id DESC LIMIT :most) t
JOIN ticket_contents c ON c.ticket_id = t.id AND c.revision = t.revision
LEFT JOIN decisions d ON d.ticket_id = t.id AND d.revision = t.revision
ORDER BY t.id DESC
"""
)
_LABELS_OF = text(
    f"""
SELECT coalesce(
  (SELECT coalesce(c.labels, d.labels || d.preselected) FROM corrections c
   WHERE c.ticket_id = t.id AND c.kind IN ('confirmed', 'wrong_label') AND {STANDS}
   ORDER BY c.given_at DESC, c.id DESC LIMIT 1),
  k.labels, d.labels || d.preselected, '{{}}') AS labels
FROM tickets t JOIN ticket_contents k ON k.ticket_id = t.id AND k.revision = t.revision
LEFT JOIN decisions d ON d.ticket_id = t.id AND d.revision = t.revision WHERE t.id = :id
"""
)


@dataclass(frozen=True, slots=True, kw_only=True)
class LabelSetCount:
    """How many tickets people gave exactly these labels."""

    labels: tuple[str, ...]
    corrected: bool
    tickets: int


@dataclass(frozen=True, slots=True, kw_only=True)
class NamedTicket:
    """A ticket to which people gave one of some labels."""

    ticket_id: UUID
    external_id: str
    labels: tuple[str, ...]
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SeenText:
    """A ticket as models read it, with what was said or else predicted of it."""

    text: str
    labels: tuple[str, ...]


def label_sets(connection: Connection) -> list[LabelSetCount]:
    """Every set of labels that people gave, with the number of tickets."""
    cut = hour_counts.period(connection, _ALWAYS, None).values
    return [
        LabelSetCount(labels=tuple(row.labels), corrected=row.corrected, tickets=row.tickets)
        for row in connection.execute(_SETS, cut)
    ]


def tickets_naming(connection: Connection, names: Sequence[str], *, most: int) -> list[NamedTicket]:
    """The newest tickets to which people gave one of these labels, as they wrote them."""
    values = {"names": list(names), "most": most}
    cut = hour_counts.period(connection, _ALWAYS, None)
    hours = connection.execute(_HOURS, {**cut.values, **values}).scalars()
    spans = [*cut.spans, *map(hour_counts.span_of, hours)]
    rows = connection.execute(_NAMING, {**hour_counts.span_values(spans), **values})
    return [
        NamedTicket(
            ticket_id=row.ticket_id,
            external_id=row.external_id,
            labels=tuple(row.labels),
            text=model_text(row.subject, row.body),
        )
        for row in rows
    ]


def newest_texts(connection: Connection, *, most: int) -> list[SeenText]:
    """What the newest tickets say, those without text left out."""
    found = [
        SeenText(text=model_text(row.subject, row.body), labels=tuple(row.labels))
        for row in connection.execute(_NEWEST, {"most": most})
    ]
    return [seen for seen in found if seen.text]


def labels_of(connection: Connection, ticket: UUID) -> tuple[str, ...]:
    """What people said a ticket is about, or else what was predicted; () for nothing."""
    found = connection.execute(_LABELS_OF, {"id": ticket}).scalar()
    return tuple(found or ())


def text_of(connection: Connection, ticket: UUID) -> str:
    """What a ticket says now, as models read it.

    Raises:
        Invalid: there is no such ticket, or it was erased.
    """
    row = connection.execute(
        text(
            "SELECT c.subject, c.body FROM tickets t JOIN ticket_contents c "
            "ON c.ticket_id = t.id AND c.revision = t.revision "
            "WHERE t.id = :id AND t.state <> 'erased'"
        ),
        {"id": ticket},
    ).one_or_none()
    if row is None:
        raise Invalid("ticket", f"{ticket} is not here", "see `pointsman tickets show`")
    return model_text(row.subject, row.body)
