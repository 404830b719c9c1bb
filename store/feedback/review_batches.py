"""Many items of the review queue at once: held for longer, given back, and what a list shows.

How they are taken and resolved is in `store.feedback.review`.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, text

_HELD = "WHERE id = ANY(:items) AND resolved_at IS NULL AND claimed_by = :agent "
_RENEW = text(
    "UPDATE review_items SET lease_until = clock_timestamp() + make_interval(secs => :lease_s) "
    f"{_HELD} RETURNING id, lease_until"
)
_RELEASE = text(f"UPDATE review_items SET claimed_by = NULL, lease_until = NULL {_HELD}")
_TEXTS = text(
    """
SELECT t.id, t.external_id, t.revision, coalesce(c.subject, '') AS subject,
  coalesce(left(c.body, :most), '') AS body, length(c.body) > :most AS is_cut,
  c.channel, c.language, c.customer, c.priority, d.primary_department,
  coalesce(d.labels, '{}') AS labels, coalesce(d.preselected, '{}') AS preselected,
  coalesce(d.scores, '{}') AS scores
FROM tickets t
LEFT JOIN ticket_contents c ON c.ticket_id = t.id AND c.revision = t.revision
LEFT JOIN decisions d ON d.ticket_id = t.id AND d.revision = t.revision
WHERE t.id = ANY(:ids)
"""
)
_DECISION = ("primary_department", "labels", "preselected", "scores")
_TICKET = ("subject", "body", "channel", "language", "customer", "priority")


def renew_held(
    connection: Connection, items: Sequence[int], *, agent: str, lease_s: float
) -> dict[int, datetime]:
    """Holds those of the items that the agent holds for `lease_s` seconds from now.

    Returns:
        Until when, by item; what the agent does not hold is left out.
    """
    values = {"items": list(items), "agent": agent, "lease_s": lease_s}
    return {row.id: row.lease_until for row in connection.execute(_RENEW, values)}


def release_held(connection: Connection, items: Sequence[int], *, agent: str) -> None:
    """Gives those of the items that the agent holds back to the queue."""
    connection.execute(_RELEASE, {"items": list(items), "agent": agent})


def short_records(
    connection: Connection, tickets: Sequence[UUID], *, most: int
) -> dict[UUID, Mapping[str, Any]]:
    """What a list shows of tickets, by ticket: a part of `store.decided.records.ticket_record`.

    Args:
        connection: an open transaction.
        tickets: which; those that are not there are left out.
        most: characters of a text; `is_cut` says that there are more.
    """
    rows = connection.execute(_TEXTS, {"ids": list(tickets), "most": most})
    return {row.id: _record(dict(row._mapping)) for row in rows}


def _record(row: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "id": str(row["id"]),
        "external_id": row["external_id"],
        "revision": row["revision"],
        "is_cut": bool(row["is_cut"]),
        "ticket": {name: row[name] for name in _TICKET},
        "decision": {name: row[name] for name in _DECISION},
    }
