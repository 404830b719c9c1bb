"""Submissions that were refused, kept with their reason."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, insert

from store.tables import DeadLetterRow


@dataclass(frozen=True, slots=True, kw_only=True)
class DeadLetter:
    """What was refused: `payload` is the cleaned, shortened submission."""

    source: str
    field: str
    error: str
    payload: str


def keep(connection: Connection, letters: Sequence[DeadLetter]) -> None:
    """Stores refused submissions."""
    if letters:
        rows = [
            {"source": x.source, "field": x.field, "error": x.error, "payload": x.payload}
            for x in letters
        ]
        connection.execute(insert(DeadLetterRow), rows)
