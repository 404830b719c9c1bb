"""Workers that died with tickets in hand: noted in their own rows, counted for a crash loop.

A worker that stops in good order holds nothing when it goes, so it is never among them.
"""

from collections.abc import Sequence

from sqlalchemy import Connection, text

_DIED_HOLDING = "died_holding"
_NOTE = text(
    "UPDATE workers SET counters = counters || jsonb_build_object(CAST(:key AS text), 1), "
    "seen_at = clock_timestamp() WHERE id = ANY(:ids) AND NOT counters ? :key"
)
_RECENT = text(
    "SELECT count(*) FROM workers WHERE counters ? :key "
    "AND seen_at > clock_timestamp() - make_interval(secs => :within_s)"
)


def note_deaths(connection: Connection, ids: Sequence[int]) -> None:
    """Notes that these workers died while they held tickets, once each."""
    connection.execute(_NOTE, {"key": _DIED_HOLDING, "ids": list(ids)})


def recent_deaths(connection: Connection, *, within_s: float) -> int:
    """How many workers were found dead with tickets in hand in the last `within_s` seconds."""
    values = {"key": _DIED_HOLDING, "within_s": within_s}
    return int(connection.execute(_RECENT, values).scalar_one())
