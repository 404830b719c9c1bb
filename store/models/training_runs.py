"""The life of a training run: asked for once, run by one trainer at a time, ended once.

A run is a row; messages only wake trainers. The lease is on the database's clock and renewed by
the running trainer's heartbeat. Whoever takes over gets a higher token, and only the holder of the
newest may end the run, so a trainer that comes back from a long pause changes nothing.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, text
from uuid_utils.compat import uuid7

from core.events import EventName
from core.types import RunState
from store.access import audit
from store.delivery import outbox

_COLUMNS = (
    "id, trigger, reason, requested_by, state, token, progress, snapshot_id, candidate, outcome, "
    "gate, error, created_at, started_at, finished_at"
)
_OPEN = "state IN ('queued', 'running')"
_NO_ID = 2**63 - 1


@dataclass(frozen=True, slots=True, kw_only=True)
class TrainingRun:
    """One run, with why it was started and how it ended."""

    id: int
    trigger: str
    reason: str
    requested_by: str
    state: RunState
    token: int
    progress: Mapping[str, Any]
    snapshot_id: str | None
    candidate: str | None
    outcome: str | None
    gate: Mapping[str, Any] | None
    error: str | None
    created_at: datetime
    started_at: datetime | None
    finished_at: datetime | None


def request(
    connection: Connection, *, window: str, trigger: str, reason: str, requested_by: str
) -> int | None:
    """Asks for a run, once for each window.

    Returns:
        The run's id; None when this window has one already, or another run waits.
    """
    _hold_still(connection)
    return connection.execute(
        text(
            'INSERT INTO training_runs ("window", trigger, reason, requested_by) '
            "SELECT :window, :trigger, :reason, :requested_by "
            "WHERE NOT EXISTS (SELECT 1 FROM training_runs WHERE state = 'queued') "
            "ON CONFLICT DO NOTHING RETURNING id"
        ),
        {"window": window, "trigger": trigger, "reason": reason, "requested_by": requested_by},
    ).scalar()


def ask(connection: Connection, *, reason: str, by: str) -> tuple[TrainingRun, bool]:
    """Asks for a run by hand; one that waits or runs already stands in for it.

    Returns:
        The run, and whether it was made now.
    """
    _hold_still(connection)
    open_ = connection.execute(
        text(f"SELECT {_COLUMNS} FROM training_runs WHERE {_OPEN} ORDER BY id DESC LIMIT 1")
    ).one_or_none()
    if open_ is not None:
        return _run(open_), False
    row = connection.execute(
        text(
            'INSERT INTO training_runs ("window", trigger, reason, requested_by) '
            f"VALUES (:window, 'manual', :reason, :by) RETURNING {_COLUMNS}"
        ),
        {"window": f"by hand {uuid7()}", "reason": reason, "by": by},
    ).one()
    audit.record(
        connection,
        actor=by,
        action="retrain.asked",
        subject=f"training run {row.id}",
        detail={"reason": reason},
    )
    return _run(row), True


def claim(connection: Connection, *, lease_s: float) -> TrainingRun | None:
    """Takes the run that waits longest, or one whose trainer is gone; None if there is none.

    Args:
        connection: an open transaction.
        lease_s: seconds after which another trainer may take over, unless renewed.
    """
    _hold_still(connection)
    row = connection.execute(
        text(
            "UPDATE training_runs SET state = 'running', token = token + 1, "
            "lease_until = clock_timestamp() + make_interval(secs => :lease_s), "
            "started_at = coalesce(started_at, clock_timestamp()) WHERE id = ("
            "  SELECT id FROM training_runs WHERE "
            "  (state = 'running' AND lease_until < clock_timestamp()) OR (state = 'queued' "
            "   AND NOT EXISTS (SELECT 1 FROM training_runs WHERE state = 'running')) "
            f"  ORDER BY state DESC, id LIMIT 1) RETURNING {_COLUMNS}"
        ),
        {"lease_s": lease_s},
    ).one_or_none()
    return None if row is None else _run(row)


def heartbeat(
    connection: Connection, run: TrainingRun, progress: Mapping[str, Any], *, lease_s: float
) -> bool:
    """Renews the lease and says where the training is; False when it was taken over."""
    return bool(
        connection.execute(
            text(
                "UPDATE training_runs SET progress = CAST(:progress AS jsonb), "
                "lease_until = clock_timestamp() + make_interval(secs => :lease_s) "
                "WHERE id = :id AND token = :token AND state = 'running'"
            ),
            {"id": run.id, "token": run.token, "progress": _json(progress), "lease_s": lease_s},
        ).rowcount
    )


def give_back(connection: Connection, run: TrainingRun) -> None:
    """Lets another trainer go on with a run at once, as after SIGTERM."""
    connection.execute(
        text(
            "UPDATE training_runs SET state = 'queued', lease_until = NULL "
            "WHERE id = :id AND token = :token AND state = 'running'"
        ),
        {"id": run.id, "token": run.token},
    )


def note_snapshot(connection: Connection, run: TrainingRun, snapshot_id: str) -> None:
    """Names what the run trains on."""
    connection.execute(
        text("UPDATE training_runs SET snapshot_id = :snapshot WHERE id = :id AND token = :token"),
        {"id": run.id, "token": run.token, "snapshot": snapshot_id},
    )


def succeed(
    connection: Connection,
    run: TrainingRun,
    *,
    candidate: str | None,
    outcome: str,
    gate: Mapping[str, Any],
) -> bool:
    """Ends a run with what the gate said; False when another trainer took over, which then counts.

    Call it first in the transaction that promotes, and promote only if it gave True.
    """
    is_ours = bool(
        connection.execute(
            text(
                "UPDATE training_runs SET state = 'succeeded', lease_until = NULL, "
                "finished_at = clock_timestamp(), candidate = :candidate, outcome = :outcome, "
                "gate = CAST(:gate AS jsonb) "
                "WHERE id = :id AND token = :token AND state = 'running'"
            ),
            {
                "id": run.id,
                "token": run.token,
                "candidate": candidate,
                "outcome": outcome,
                "gate": _json(gate),
            },
        ).rowcount
    )
    if is_ours:
        _tell(connection, run, outcome, candidate)
    return is_ours


def fail(connection: Connection, run: TrainingRun, error: str) -> None:
    """Ends a run with a reason that a person understands; never quotes a ticket."""
    ended = connection.execute(
        text(
            "UPDATE training_runs SET state = 'failed', lease_until = NULL, error = :error, "
            "finished_at = clock_timestamp() "
            "WHERE id = :id AND token = :token AND state = 'running'"
        ),
        {"id": run.id, "token": run.token, "error": error},
    ).rowcount
    if ended:
        _tell(connection, run, "failed", None)


def find(connection: Connection, run: int) -> TrainingRun | None:
    """A run by its id."""
    row = connection.execute(
        text(f"SELECT {_COLUMNS} FROM training_runs WHERE id = :id"), {"id": run}
    ).one_or_none()
    return None if row is None else _run(row)


def newest(connection: Connection, *, most: int, before: int | None = None) -> list[TrainingRun]:
    """The newest runs, last asked for first; only those before a run where one is named."""
    rows = connection.execute(
        text(
            f"SELECT {_COLUMNS} FROM training_runs WHERE id < coalesce(:before, {_NO_ID}) "
            "ORDER BY id DESC LIMIT :most"
        ),
        {"most": most, "before": before},
    )
    return [_run(row) for row in rows]


def count_ended(connection: Connection, since: datetime) -> dict[tuple[str, str], int]:
    """Runs asked for since a moment that are over, by trigger and outcome (`failed` for those).

    The index `ix_training_runs_created` finds them.
    """
    rows = connection.execute(
        text(
            "SELECT trigger, coalesce(outcome, state) AS outcome, count(*) AS runs "
            "FROM training_runs WHERE created_at >= :since AND state IN ('succeeded', 'failed') "
            "GROUP BY 1, 2"
        ),
        {"since": since},
    )
    return {(row.trigger, row.outcome): row.runs for row in rows}


def _tell(connection: Connection, run: TrainingRun, outcome: str, candidate: str | None) -> None:
    """That a run is over, and of its candidate that there is one, or that the gate refused it."""
    told = {"run": run.id, "trigger": run.trigger, "outcome": outcome, "version": candidate}
    if candidate is not None:
        outbox.tell(connection, EventName.MODEL_TRAINED, told)
    if outcome == "rejected":
        outbox.tell(connection, EventName.MODEL_REJECTED, told)
    outbox.tell(connection, EventName.TRAINING_ENDED, told)


def _hold_still(connection: Connection) -> None:
    """Until the transaction ends nobody else begins or claims a run."""
    connection.execute(text("SELECT pg_advisory_xact_lock(hashtext('training_runs'))"))


def _run(row: Row[Any]) -> TrainingRun:
    return TrainingRun(**{**row._mapping, "state": RunState(row.state)})


def _json(value: Mapping[str, Any]) -> str:
    return json.dumps(dict(value), ensure_ascii=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Since:
    """What happened since the last run was asked for, or since the active model serves.

    Attributes:
        now: the moment.
        last_run: number of the last run, however it ended; 0 for none.
        since: when it was asked for; the active model's beginning if there was none.
        new_corrections: about labels, given since then.
        judged: decisions of the active model that agents said something about since then.
        overruled: of those, with a wrong label or route.
        drift_report: the newest with alerts about the active model since then; None for none.
        drift_alerts: how many it has.
        erasures: that took rows out of data sets since then.
    """

    now: datetime
    last_run: int
    since: datetime
    new_corrections: int
    judged: int
    overruled: int
    drift_report: int | None
    drift_alerts: int
    erasures: int


_SINCE = text(
    """
WITH last AS (
  SELECT coalesce(max(id), 0) AS run, max(created_at) AS asked FROM training_runs
), start AS (
  SELECT run, coalesce(asked, (SELECT activated_at FROM model_versions WHERE active),
    '-infinity') AS since FROM last
)
SELECT clock_timestamp() AS now, run AS last_run,
  greatest(since, '1970-01-01T00:00:00Z') AS since,
  (SELECT count(*) FROM corrections WHERE created_at > since
    AND kind IN ('confirmed', 'wrong_label')) AS new_corrections,
  count(d.ticket_id) AS judged,
  count(d.ticket_id) FILTER (WHERE d.kind IN ('wrong_label', 'wrong_route')) AS overruled,
  alerted.id AS drift_report, coalesce(alerted.alerts, 0) AS drift_alerts,
  (SELECT count(*) FROM erasures WHERE files_done_at > since
    AND jsonb_array_length(files -> 'snapshots') > 0) AS erasures
FROM start LEFT JOIN LATERAL (
  SELECT r.id, r.alerts FROM drift_reports r
  JOIN model_versions m ON m.version = r.model_version AND m.active
  WHERE r.alerts > 0 AND r.created_at > start.since ORDER BY r.id DESC LIMIT 1
) alerted ON true LEFT JOIN LATERAL (
  SELECT c.ticket_id, c.kind FROM corrections c
  JOIN decisions d ON d.ticket_id = c.ticket_id AND d.revision = c.revision
  JOIN model_versions m ON m.version = d.model_version AND m.active
  WHERE c.created_at > start.since AND c.kind IN ('confirmed', 'wrong_label', 'wrong_route')
) d ON true
GROUP BY run, since, alerted.id, alerted.alerts
"""
)


def since_last(connection: Connection) -> Since:
    """What a trigger policy needs to know."""
    return Since(**connection.execute(_SINCE).one()._mapping)
