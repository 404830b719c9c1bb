"""How far somebody is with the review queue."""

from sqlalchemy import Connection, text

_TODAY = text(
    "SELECT count(*) FROM ("
    "  SELECT DISTINCT ON (ticket_id) kind FROM corrections WHERE agent = :agent "
    "  AND created_at >= date_trunc('day', clock_timestamp()) "
    "  ORDER BY ticket_id, created_at DESC, id DESC"
    ") said WHERE kind <> 'withdrawn'"
)


def settled_today(connection: Connection, agent: str) -> int:
    """Tickets that an agent said something of since midnight of the database, and let stand.

    Costs what they said today.
    """
    return int(connection.execute(_TODAY, {"agent": agent}).scalar_one())
