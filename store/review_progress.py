"""How far somebody is with the review queue."""

from sqlalchemy import Connection, text

_TODAY = text(
    "SELECT count(*) FROM corrections WHERE agent = :agent AND kind <> 'withdrawn' "
    "AND created_at >= date_trunc('day', clock_timestamp())"
)


def said_today(connection: Connection, agent: str) -> int:
    """Feedback that an agent gave since midnight of the database; costs what came in today."""
    return int(connection.execute(_TODAY, {"agent": agent}).scalar_one())
