"""What the model that serves decided in a stretch of time, and what it is measured against.

A stretch is of arrival: a ticket's id begins with its time, so that the primary key of `decisions`
finds the rows and the cost grows with the stretch alone. Only the network's own decisions count:
not those of lower rungs, nor of tickets without text. A ticket that arrived in a stretch and was
not decided when it was looked at is in none.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, text

from store.partitions import first_uuid

_OF_VERSION = (
    "d.model_version = :version AND d.rung IN ('model', 'model_cpu') "
    "AND d.reason NOT IN ('empty_text', 'manual_triage')"
)
# Equal hashes in every process: the same rows are drawn, whoever asks.
_BY_CHANCE = "hashtextextended(d.ticket_id::text, 0), d.ticket_id"


@dataclass(frozen=True, slots=True, kw_only=True)
class Serving:
    """The model that serves.

    Attributes:
        version: of it.
        path: its artifact's folder.
        activated_at: since when it serves without a break.
        snapshot: the data set that it was trained on; None for one that came from a file.
        now: the database's clock.
    """

    version: str
    path: Path
    activated_at: datetime
    snapshot: Path | None
    now: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Decided:
    """One decision of a stretch."""

    ticket_id: UUID
    revision: int
    scores: dict[str, float]


_SERVING = text(
    """
SELECT m.version, m.artifact_path, m.activated_at, clock_timestamp() AS now, (
  SELECT s.path FROM training_runs r JOIN dataset_snapshots s ON s.id = r.snapshot_id
  WHERE r.candidate = m.version ORDER BY r.id LIMIT 1) AS snapshot
FROM model_versions m WHERE m.active
"""
)
_COUNT = text(
    "SELECT count(*) FROM (SELECT 1 FROM decisions d WHERE d.ticket_id >= :low "
    f"AND d.ticket_id < :high AND {_OF_VERSION} LIMIT :enough) counted"
)
_DRAWN = text(
    "SELECT d.ticket_id, d.revision, d.scores FROM decisions d JOIN ("
    "  SELECT d.ticket_id, d.revision FROM decisions d WHERE d.ticket_id >= :low "
    f" AND d.ticket_id < :high AND {_OF_VERSION} ORDER BY {_BY_CHANCE} LIMIT :most"
    ") drawn ON d.ticket_id = drawn.ticket_id AND d.revision = drawn.revision "
    f"WHERE d.ticket_id >= :low AND d.ticket_id < :high ORDER BY {_BY_CHANCE}"
)
_CONTENTS = text(
    "SELECT c.ticket_id, c.revision, c.subject, c.body FROM ticket_contents c "
    "JOIN unnest(CAST(:ids AS uuid[]), CAST(:revisions AS int[])) u(i, r) "
    "ON c.ticket_id = u.i AND c.revision = u.r WHERE c.ticket_id = ANY(:ids)"
)


def serving(connection: Connection) -> Serving | None:
    """The active model; None while none serves."""
    row = connection.execute(_SERVING).one_or_none()
    if row is None:
        return None
    return Serving(
        version=row.version,
        path=Path(row.artifact_path),
        activated_at=row.activated_at,
        snapshot=None if row.snapshot is None else Path(row.snapshot),
        now=row.now,
    )


def count_decided(
    connection: Connection, version: str, since: datetime, until: datetime, *, enough: int
) -> int:
    """How many decisions of a version are on tickets that arrived then; stops at `enough`."""
    values = {**_stretch(version, since, until), "enough": enough}
    return int(connection.execute(_COUNT, values).scalar_one())


def draw_decided(
    connection: Connection, version: str, since: datetime, until: datetime, *, most: int
) -> list[Decided]:
    """At most so many of those decisions, drawn by a hash of the ticket's id, in random order."""
    rows = connection.execute(_DRAWN, {**_stretch(version, since, until), "most": most})
    return [Decided(**row._mapping) for row in rows]


def contents_of(connection: Connection, decided: Sequence[Decided]) -> list[tuple[str, str]]:
    """Subject and body of tickets as they were decided on; those that are gone are left out."""
    values = {
        "ids": [entry.ticket_id for entry in decided],
        "revisions": [entry.revision for entry in decided],
    }
    rows = connection.execute(_CONTENTS, values)
    found = {(row.ticket_id, row.revision): (row.subject, row.body) for row in rows}
    names = [(entry.ticket_id, entry.revision) for entry in decided]
    return [found[name] for name in names if name in found]


def _stretch(version: str, since: datetime, until: datetime) -> dict[str, Any]:
    return {"version": version, "low": first_uuid(since), "high": first_uuid(until)}
