"""How each place that events go to fares, in figures: what waits, what went well, what is dead."""

from dataclasses import dataclass

from sqlalchemy import Connection, text

_FIGURES = text(
    "SELECT e.id, e.kind, e.state, e.delivered, e.failed, "
    "(SELECT count(*) FROM deliveries d WHERE d.endpoint_id = e.id "
    "  AND d.state IN ('waiting', 'sending')) AS waiting, "
    "(SELECT count(*) FROM deliveries d WHERE d.endpoint_id = e.id AND d.state = 'dead') AS dead, "
    "coalesce((SELECT extract(epoch FROM clock_timestamp() - min(d.created_at)) "
    "  FROM deliveries d WHERE d.endpoint_id = e.id AND d.state IN ('waiting', 'sending')), 0) "
    "AS oldest_s "
    "FROM webhook_endpoints e WHERE e.deleted_at IS NULL ORDER BY e.id"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Faring:
    """One endpoint.

    Attributes:
        waiting: deliveries that are not over.
        dead: given up, until somebody replays them or they are forgotten.
        oldest_s: age of the oldest that waits; 0 when none does.
        delivered: attempts that went well, ever; `failed` those that did not.
    """

    id: int
    kind: str
    state: str
    waiting: int
    dead: int
    oldest_s: float
    delivered: int
    failed: int


def farings(connection: Connection) -> list[Faring]:
    """Every endpoint that was not deleted."""
    rows = connection.execute(_FIGURES)
    return [Faring(**{**row._mapping, "oldest_s": float(row.oldest_s)}) for row in rows]
