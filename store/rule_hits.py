"""How often rules held, counted from the traces of decisions.

Nothing is counted as decisions are made, which would cost each of them; counting 100,000 traces
takes half a second.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, text

from store.partitions import first_uuid

_DRAWS = 2**30
_COUNT = text("SELECT count(*) FROM decisions WHERE ticket_id >= :low AND ticket_id < :high")
_LOOKED = (
    "decisions WHERE ticket_id >= :low AND ticket_id < :high "
    f"AND (:draws = {_DRAWS} "
    f"OR (hashtextextended(ticket_id::text, 0) & {_DRAWS - 1}) < :draws)"
)
_HELD = "jsonb_path_query(trace, '$[*] ? (@.held == true).rule') #>> '{}'"
_HITS = text(
    "SELECT rule, sum(held)::bigint AS held, sum(won)::bigint AS won FROM ("
    f"SELECT {_HELD} AS rule, 1 AS held, 0 AS won FROM {_LOOKED} "
    f"UNION ALL SELECT rule, 0, 1 FROM {_LOOKED} AND rule IS NOT NULL"
    ") each GROUP BY rule ORDER BY held DESC, won DESC, rule"
)
_LOOKED_AT = text(f"SELECT count(*) FROM {_LOOKED}")


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleHits:
    """How many of the decisions looked at a rule held for, and named the primary of."""

    rule: str
    held: int
    won: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Hits:
    """Of `decisions` that stand in a period, `looked_at` were counted."""

    decisions: int
    looked_at: int
    rules: Sequence[RuleHits]


def hits(connection: Connection, since: datetime, until: datetime, *, most: int) -> Hits:
    """Hits of the rules that held, the most frequent first.

    Args:
        connection: an open transaction.
        since: when the first of the tickets arrived.
        until: when the first arrived that is not counted.
        most: about so many decisions are looked at; of more a sample is drawn by hash.
    """
    period = {"low": first_uuid(since), "high": first_uuid(until)}
    decisions = connection.execute(_COUNT, period).scalar_one()
    drawn = {**period, "draws": round(min(1.0, most / max(decisions, 1)) * _DRAWS)}
    is_whole = drawn["draws"] == _DRAWS
    return Hits(
        decisions=decisions,
        looked_at=decisions if is_whole else connection.execute(_LOOKED_AT, drawn).scalar_one(),
        rules=[RuleHits(**row._mapping) for row in connection.execute(_HITS, drawn)],
    )
