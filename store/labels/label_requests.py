"""Changes of labels that need another model: asked for here, made by a trainer, one at a time.

The ticket texts of examples are kept only until the change is made or refused.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import JSON, Connection, Row, bindparam, text

from core.types import RunState
from store.rules import taxonomy

_COLUMNS = (
    "id, wanted, ruleset, serving, requested_by, state, error, model_version, created_at, "
    "finished_at"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class LabelRequest:
    """One change.

    Attributes:
        wanted: it, as `router.label_wishes` writes it.
        ruleset: the revision that it was shown on; likewise the model `serving`.
        model_version: that serves it, once it succeeded.
    """

    id: int
    wanted: Mapping[str, Any]
    ruleset: int
    serving: str
    requested_by: str
    state: RunState
    error: str | None
    model_version: str | None
    created_at: datetime
    finished_at: datetime | None


_ASK = text(
    "INSERT INTO label_requests (wanted, ruleset, serving, requested_by) "
    "SELECT CAST(:wanted AS jsonb), :ruleset, :serving, :by WHERE NOT EXISTS "
    f"(SELECT FROM label_requests WHERE state IN ('queued', 'running')) RETURNING {_COLUMNS}"
).bindparams(bindparam("wanted", type_=JSON))
_CLAIM = text(
    "UPDATE label_requests SET state = 'running', "
    "lease_until = clock_timestamp() + make_interval(secs => :lease_s) WHERE id = ("
    "  SELECT id FROM label_requests WHERE state = 'queued' "
    "  OR (state = 'running' AND lease_until < clock_timestamp()) "
    f"  ORDER BY id LIMIT 1 FOR UPDATE SKIP LOCKED) RETURNING {_COLUMNS}"
)
_END = text(
    "UPDATE label_requests SET state = :state, error = :error, model_version = :model, "
    "lease_until = NULL, finished_at = clock_timestamp(), wanted = wanted - 'examples' "
    "WHERE id = :id AND state = 'running'"
)


def ask(
    connection: Connection, wanted: Mapping[str, Any], *, ruleset: int, serving: str, by: str
) -> LabelRequest | None:
    """Asks for a change; None while another one is under way."""
    taxonomy.hold_still(connection)
    values = {"wanted": dict(wanted), "ruleset": ruleset, "serving": serving, "by": by}
    return _request(connection.execute(_ASK, values).one_or_none())


def claim(connection: Connection, *, lease_s: float) -> LabelRequest | None:
    """Takes the change that waits, or one whose trainer is gone; None if there is none."""
    return _request(connection.execute(_CLAIM, {"lease_s": lease_s}).one_or_none())


def succeed(connection: Connection, id_: int, model_version: str | None) -> None:
    """Ends it, in the transaction of the change."""
    values = {"id": id_, "state": RunState.SUCCEEDED, "error": None, "model": model_version}
    connection.execute(_END, values)


def fail(connection: Connection, id_: int, error: str) -> None:
    """Ends it with nothing changed."""
    values = {"id": id_, "state": RunState.FAILED, "error": error, "model": None}
    connection.execute(_END, values)


def find(connection: Connection, id_: int) -> LabelRequest | None:
    """One change; None where there is none."""
    statement = text(f"SELECT {_COLUMNS} FROM label_requests WHERE id = :id")
    return _request(connection.execute(statement, {"id": id_}).one_or_none())


def _request(row: Row[Any] | None) -> LabelRequest | None:
    if row is None:
        return None
    return LabelRequest(**{**row._mapping, "state": RunState(row.state)})
