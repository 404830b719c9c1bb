"""Imports of old tickets: what came under each name so far, what it became, what was refused.

An import has no end of its own: the same rows again, after whatever interrupted it, are known by
their keys and change nothing but the counts.
"""

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, text

from core.errors import Invalid
from core.redaction import AS_GIVEN, Redactor
from core.types import HistoryFormat, Ticket
from store.access import audit
from store.queue.history import Taken, take_history

AT_ONCE = 1_000
"""Most rows of one batch."""
_MOST_REASONS = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class Batch:
    """Rows that came together.

    Attributes:
        name: of the import that they belong to.
        source: where its tickets come from, the same for all of its batches.
        format: what wrote its rows, likewise.
        entries: tickets with labels, or what is wrong with a row; at most `AT_ONCE`.
    """

    name: str
    source: str
    format: HistoryFormat
    entries: Sequence[Ticket | Invalid]


@dataclass(frozen=True, slots=True, kw_only=True)
class Import:
    """An import as it stands.

    Attributes:
        rows: that came, those that came again included.
        outcomes: how many became what (`store.queue.history.Taken`).
        refused: how many rows were no tickets.
        reasons: field and problem to how many rows, of the first 200 kinds.
    """

    id: int
    name: str
    source: str
    format: HistoryFormat
    started_by: str
    rows: int
    outcomes: Mapping[str, int]
    refused: int
    reasons: Mapping[str, int]
    created_at: datetime
    updated_at: datetime


_COLUMNS = (
    "id, name, source, format, started_by, rows, outcomes, refused, reasons, created_at, updated_at"
)
_BEGIN = text(
    "INSERT INTO imports (name, source, format, started_by) "
    "VALUES (:name, :source, :format, :by) ON CONFLICT DO NOTHING"
)
_NAMED = text(f"SELECT {_COLUMNS} FROM imports WHERE name = :name FOR UPDATE")
_ONE = text(f"SELECT {_COLUMNS} FROM imports WHERE id = :id")
_PAGE = text(
    f"SELECT {_COLUMNS} FROM imports WHERE CAST(:before AS bigint) IS NULL OR id < :before "
    "ORDER BY id DESC LIMIT :most"
)
_COUNT = text(
    "UPDATE imports SET rows = rows + :rows, refused = refused + :refused, "
    "outcomes = CAST(:outcomes AS jsonb), reasons = CAST(:reasons AS jsonb), "
    f"updated_at = clock_timestamp() WHERE id = :id RETURNING {_COLUMNS}"
)


def take_batch(
    connection: Connection, batch: Batch, *, by: str, redact: Redactor = AS_GIVEN
) -> tuple[Import, list[Taken | Invalid]]:
    """Stores the good rows of a batch and counts them all, in one transaction.

    Returns:
        The import as it stands then, and what became of each entry in the order given.

    Raises:
        Invalid: the import's name was used for another source or format.
    """
    found = _of_name(connection, batch, by)
    good = [entry for entry in batch.entries if isinstance(entry, Ticket)]
    taken = iter(take_history(connection, good, source=batch.source, redact=redact))
    became = [entry if isinstance(entry, Invalid) else next(taken) for entry in batch.entries]
    counted = _count(connection, found, became)
    _tell(connection, counted, became, by)
    return counted, became


def find(connection: Connection, id_: int) -> Import | None:
    """One import."""
    row = connection.execute(_ONE, {"id": id_}).one_or_none()
    return None if row is None else Import(**row._mapping)


def page(connection: Connection, *, before: int | None, most: int) -> list[Import]:
    """The next imports, newest first; `before` is the id of the last of the page before."""
    rows = connection.execute(_PAGE, {"before": before, "most": most})
    return [Import(**row._mapping) for row in rows]


def _of_name(connection: Connection, batch: Batch, by: str) -> Import:
    values = {"name": batch.name, "source": batch.source, "format": batch.format, "by": by}
    connection.execute(_BEGIN, values)
    found = Import(**connection.execute(_NAMED, {"name": batch.name}).one()._mapping)
    if (found.source, found.format) != (batch.source, batch.format):
        field = "source" if found.source != batch.source else "format"
        raise Invalid(field, "is not that of this import so far", "give it another name")
    return found


def _count(connection: Connection, found: Import, became: Sequence[Taken | Invalid]) -> Import:
    refused = [entry for entry in became if isinstance(entry, Invalid)]
    outcomes = Counter(found.outcomes) + Counter(e for e in became if isinstance(e, Taken))
    reasons = Counter(found.reasons) + Counter(f"{e.field} {e.problem}" for e in refused)
    values = {
        "id": found.id,
        "rows": len(became),
        "refused": len(refused),
        "outcomes": json.dumps(outcomes),
        "reasons": json.dumps(dict(list(reasons.items())[:_MOST_REASONS])),
    }
    return Import(**connection.execute(_COUNT, values).one()._mapping)


def _tell(
    connection: Connection, counted: Import, became: Sequence[Taken | Invalid], by: str
) -> None:
    outcomes = Counter("refused" if isinstance(entry, Invalid) else entry for entry in became)
    audit.record(
        connection,
        actor=by,
        action="tickets.imported",
        subject=f"import {counted.id}",
        detail={"name": counted.name, "source": counted.source, **outcomes},
    )
