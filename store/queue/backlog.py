"""How long tickets wait for their first decision."""

from sqlalchemy import Connection, text

_LOOKED_AT = 1_000

# Of those that are next in line; what waits for another decision lets all others go first.
_OLDEST = text(
    "SELECT coalesce(extract(epoch FROM clock_timestamp() - min(next_at)), 0)::float FROM ("
    "SELECT next_at FROM tickets WHERE state = 'accepted' AND decided_at IS NULL "
    f"ORDER BY due_at, next_at LIMIT {_LOOKED_AT}) waiting"
)


def oldest_wait_s(connection: Connection) -> float:
    """Seconds for which the oldest of the next thousand waiting tickets has waited; 0 if none."""
    return max(0.0, float(connection.execute(_OLDEST).scalar_one()))
