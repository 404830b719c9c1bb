"""The receipt of an erasure, JSON-ready and without personal data.

Which data sets held what was erased, those who keep the files said; which models learned from
those, the training runs tell. A model that was trained from a file of its own has no data set on
record, so nobody can tell.
"""

from datetime import datetime
from typing import Any, Literal

from sqlalchemy import Connection, text

from store.erasure.erasures import Erasure

_SAW = text(
    "SELECT DISTINCT m.version, m.active, r.snapshot_id AS snapshot FROM training_runs r "
    "JOIN model_versions m ON m.version = r.candidate WHERE r.snapshot_id = ANY(:held) "
    "ORDER BY m.version"
)
_UNKNOWN = text(
    "SELECT m.version FROM model_versions m WHERE m.created_at < :at AND NOT EXISTS "
    "(SELECT FROM training_runs r WHERE r.candidate = m.version) ORDER BY m.version"
)
_FIRST_WITHOUT = text(
    "SELECT candidate FROM training_runs WHERE candidate IS NOT NULL AND finished_at > :at "
    "AND snapshot_id <> ALL(:held) ORDER BY id LIMIT 1"
)
State = Literal["under_way", "files_waiting", "erased"]
_RETRAIN = "retrain, and serve the new version: it will be the first without"


def receipt(connection: Connection, erasure: Erasure) -> dict[str, Any]:
    """What was erased, what held it, which models learned from it, and what to do about those."""
    held = [entry["snapshot"] for entry in erasure.files.get("snapshots", [])]
    at = erasure.rows_done_at or erasure.requested_at
    saw = [dict(row._mapping) for row in connection.execute(_SAW, {"held": held})]
    first = connection.execute(_FIRST_WITHOUT, {"held": held, "at": at}).scalar()
    return {
        "id": str(erasure.id),
        "scope": str(erasure.scope),
        "state": state_of(erasure),
        "requested_by": erasure.requested_by,
        "requested_at": erasure.requested_at.isoformat(),
        "rows_erased_at": _iso(erasure.rows_done_at),
        "files_erased_at": _iso(erasure.files_done_at),
        "tickets": erasure.tickets,
        "rows": {table: count for table, count in sorted(erasure.removed.items()) if count},
        "files": dict(erasure.files),
        "model_versions": saw,
        "versions_unknown": list(connection.execute(_UNKNOWN, {"at": at}).scalars()),
        "first_version_without": first if saw else None,
        "advice": _advice(erasure, bool(saw), first),
    }


def state_of(erasure: Erasure) -> State:
    """How far an erasure is: its rows under way, its files waiting for a trainer, or all done."""
    if erasure.files_done_at is not None:
        return "erased"
    return "files_waiting" if erasure.rows_done_at is not None else "under_way"


def _advice(erasure: Erasure, was_seen: bool, first: str | None) -> str:
    if erasure.rows_done_at is None:
        return "ask for the same erasure again: it goes on where it was stopped"
    if erasure.files_done_at is None:
        return "a trainer erases the files; look again, or start one with `pointsman up`"
    if not was_seen:
        return "no model on record learned from it: nothing more to do"
    return _RETRAIN if first is None else f"serve {first}: it is the first without"


def _iso(moment: datetime | None) -> str | None:
    return None if moment is None else moment.isoformat()
