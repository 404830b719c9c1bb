"""Tickets on which people have given their word, for explanations to compare others with."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import Connection, text

from core.text import model_text
from store.feedback.corrections import STANDS

Key = tuple[UUID, int]
"""A ticket and its revision."""

# The newest entries by their index, and only then those that stand: the cost is that of `most`.
_NEWEST = text(
    "SELECT DISTINCT c.ticket_id, c.revision FROM ("
    "  SELECT * FROM corrections ORDER BY created_at DESC LIMIT :most) c "
    "JOIN tickets t ON t.id = c.ticket_id AND t.state <> 'erased' "
    f"WHERE c.kind IN ('confirmed', 'wrong_label', 'wrong_route') AND {STANDS}"
)
_THESE = "JOIN unnest(CAST(:ids AS uuid[]), CAST(:revisions AS int[])) u(i, r)"
_TEXTS = text(
    f"SELECT c.ticket_id, c.revision, c.subject, c.body FROM ticket_contents c {_THESE} "
    "ON c.ticket_id = u.i AND c.revision = u.r WHERE c.ticket_id = ANY(:ids)"
)
_WORDS = text(
    "SELECT DISTINCT ON (c.ticket_id, c.revision) c.ticket_id, c.revision, c.kind, c.labels, "
    "c.department, c.agent, c.given_at, t.external_id, s.subject, "
    "d.labels AS predicted, d.primary_department AS sent_to "
    f"FROM corrections c {_THESE} ON c.ticket_id = u.i AND c.revision = u.r "
    "JOIN tickets t ON t.id = c.ticket_id AND t.state <> 'erased' "
    "JOIN ticket_contents s ON s.ticket_id = c.ticket_id AND s.revision = c.revision "
    "LEFT JOIN decisions d ON d.ticket_id = c.ticket_id AND d.revision = c.revision "
    "WHERE c.ticket_id = ANY(:ids) "
    f"AND c.kind IN ('confirmed', 'wrong_label', 'wrong_route') AND {STANDS} "
    "ORDER BY c.ticket_id, c.revision, c.given_at DESC, c.id DESC"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class CorrectedTicket:
    """A ticket with the newest word about it that stands, and what was decided before it.

    Attributes:
        labels: after the correction; None where it was not about labels.
        department: where people put it; None where they said nothing else than the decision.
        predicted: labels of the decision; None where it is gone.
        sent_to: primary department of the decision; likewise.
    """

    ticket_id: UUID
    revision: int
    external_id: str
    subject: str
    kind: str
    labels: list[str] | None
    department: str | None
    agent: str
    given_at: datetime
    predicted: list[str] | None
    sent_to: str | None


def newest(connection: Connection, *, most: int) -> set[Key]:
    """Tickets of the newest words about labels and routes that stand, at most `most`."""
    rows = connection.execute(_NEWEST, {"most": most})
    return {(row.ticket_id, row.revision) for row in rows}


def texts(connection: Connection, keys: Sequence[Key]) -> dict[Key, str]:
    """What models read of these tickets, as far as it is there."""
    rows = connection.execute(_TEXTS, _listed(keys))
    return {(row.ticket_id, row.revision): model_text(row.subject, row.body) for row in rows}


def words_about(connection: Connection, keys: Sequence[Key]) -> dict[Key, CorrectedTicket]:
    """What stands about these tickets; those of which nothing stands any more are left out."""
    if not keys:
        return {}
    rows = connection.execute(_WORDS, _listed(keys))
    return {(row.ticket_id, row.revision): CorrectedTicket(**row._mapping) for row in rows}


def _listed(keys: Sequence[Key]) -> dict[str, list[UUID] | list[int]]:
    return {"ids": [id_ for id_, _ in keys], "revisions": [revision for _, revision in keys]}
