"""What people said about where tickets belong, beside what was decided: newest first, bounded."""

from collections.abc import Sequence
from typing import NamedTuple
from uuid import UUID

from sqlalchemy import Connection, text

from store.feedback.corrections import COUNTS, STANDS


class RouteWord(NamedTuple):
    """The newest word about the route of a ticket's revision that stands, with its decision.

    `belongs` is the department of the decision where people found it right.
    """

    ticket_id: UUID
    revision: int
    labels: list[str]
    sent_to: str
    belongs: str
    channel: str | None
    language: str | None
    customer: str | None
    subject: str


_COLUMNS = ", ".join(RouteWord._fields)
# The newest entries by their index, and only then those that stand: the cost is that of `most`.
_ROUTES = text(
    f"""
SELECT {_COLUMNS} FROM (
SELECT DISTINCT ON (c.ticket_id, c.revision) c.id, c.ticket_id, c.revision, d.labels,
  d.primary_department AS sent_to, CASE WHEN c.kind = 'wrong_route' THEN c.department
    ELSE d.primary_department END AS belongs,
  s.channel, s.language, s.customer, s.subject
FROM (SELECT * FROM corrections ORDER BY created_at DESC LIMIT :most) c
JOIN decisions d ON d.ticket_id = c.ticket_id AND d.revision = c.revision
JOIN ticket_contents s ON s.ticket_id = c.ticket_id AND s.revision = c.revision
WHERE c.kind IN ('confirmed', 'wrong_route', 'moved_for_load') AND {STANDS}
ORDER BY c.ticket_id, c.revision, c.given_at DESC, c.id DESC
) said WHERE {COUNTS.format(last="said.id")}
"""
)
_LABELS = text(
    "SELECT d.labels, c.labels FROM "
    "(SELECT * FROM corrections ORDER BY created_at DESC LIMIT :most) c "
    "JOIN decisions d ON d.ticket_id = c.ticket_id AND d.revision = c.revision "
    f"WHERE c.kind = 'wrong_label' AND {STANDS}"
)


def route_words(connection: Connection, *, most: int) -> list[RouteWord]:
    """What stands among the newest `most` entries of feedback."""
    return [RouteWord._make(row) for row in connection.execute(_ROUTES, {"most": most})]


def label_changes(
    connection: Connection, *, most: int
) -> list[tuple[Sequence[str], Sequence[str]]]:
    """Labels of decisions and what people made of them, among the newest `most` entries."""
    return [(row[0], row[1]) for row in connection.execute(_LABELS, {"most": most})]
