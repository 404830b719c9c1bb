"""How many decisions stand on the tickets of each of the last hours, and what scored them.

A ticket's id begins with the time of its arrival, so that each hour is a range of primary keys.
"""

from datetime import datetime, timedelta
from itertools import pairwise
from typing import NamedTuple

from sqlalchemy import Connection, text

from store.partitions import first_uuid

_BY_HOUR = text(
    "SELECT u.hour, d.rung, d.decided FROM "
    "unnest(CAST(:lows AS uuid[]), CAST(:highs AS uuid[])) WITH ORDINALITY u(low, high, hour) "
    "CROSS JOIN LATERAL (SELECT rung, count(*) AS decided FROM decisions "
    "WHERE ticket_id >= u.low AND ticket_id < u.high GROUP BY rung) d ORDER BY u.hour"
)


class HourCount(NamedTuple):
    """Tickets of the hour that begins at `since` that one rung decided."""

    since: datetime
    rung: str
    decided: int


def by_hour(connection: Connection, until: datetime, *, hours: int) -> list[HourCount]:
    """What was decided of each of the last `hours` hours before `until`, oldest first."""
    edges = [until - timedelta(hours=back) for back in range(hours, -1, -1)]
    spans = list(pairwise(map(first_uuid, edges)))
    rows = connection.execute(
        _BY_HOUR, {"lows": [low for low, _ in spans], "highs": [high for _, high in spans]}
    )
    return [HourCount(edges[row.hour - 1], row.rung, row.decided) for row in rows]
