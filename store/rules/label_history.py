"""The moves of labels, oldest first, and what they make of names that somebody wrote earlier."""

from sqlalchemy import Connection, text

from core.label_meaning import Meaning, Move, meaning_of
from core.types import LabelMove


def meaning(connection: Connection) -> Meaning:
    """What every name that was given up means now."""
    rows = connection.execute(text("SELECT kind, before, after FROM label_moves ORDER BY id"))
    return meaning_of(
        Move(kind=LabelMove(row.kind), before=tuple(row.before), after=tuple(row.after))
        for row in rows
    )


def brought(connection: Connection) -> frozenset[str]:
    """Every name that came by a move."""
    rows = connection.execute(text("SELECT DISTINCT unnest(after) FROM label_moves"))
    return frozenset(rows.scalars())
