"""How often rules held and won, from the traces of decisions (`store.figures.hour_counts`)."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, text

from store.figures.decision_sql import HITS
from store.figures.hour_counts import RULE, STANDS, period
from store.figures.quality import decisions_between

_HITS = text(
    f"{HITS} SELECT rule, sum(held)::bigint AS held, sum(won)::bigint AS won FROM ("
    f"SELECT rule, held, won FROM hits UNION ALL SELECT key, tickets, automatic FROM hour_counts "
    f"WHERE by = '{RULE}' AND {STANDS}) each GROUP BY rule ORDER BY held DESC, won DESC, rule"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleHits:
    """How many of the decisions a rule held for, and named the primary of."""

    rule: str
    held: int
    won: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Hits:
    """Of the `decisions` that stand in a period."""

    decisions: int
    rules: Sequence[RuleHits]


def hits(connection: Connection, since: datetime, until: datetime) -> Hits:
    """Hits of the rules that held, the most frequent first.

    Args:
        connection: an open transaction.
        since: when the first of the tickets arrived.
        until: when the first arrived that is not counted.
    """
    cut = period(connection, since, until).values
    return Hits(
        decisions=decisions_between(connection, since, until),
        rules=[RuleHits(**row._mapping) for row in connection.execute(_HITS, cut)],
    )
