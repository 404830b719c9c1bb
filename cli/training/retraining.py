"""Asking for a training run and following it."""

import getpass
import time
from collections.abc import Iterator
from typing import Any

from sqlalchemy import Connection, Engine
from uuid_utils.compat import uuid7

from broker.app import make_producer_app
from broker.client import wake_trainers
from cli.running.services import Connected
from core.errors import Transient
from core.types import RunState
from store import training_runs
from store.engine import transaction
from store.training_runs import TrainingRun

_POLL_S = 0.5
_OPEN = (RunState.QUEUED, RunState.RUNNING)


def ask(here: Connected, reason: str) -> TrainingRun:
    """The run that was asked for; one that waits already is as good.

    Raises:
        Transient: the run vanished while it was asked for.
    """

    def work(connection: Connection) -> TrainingRun | None:
        window = f"by hand {uuid7()}"
        who = getpass.getuser()
        training_runs.request(
            connection, window=window, trigger="manual", reason=reason, requested_by=who
        )
        newest = training_runs.newest(connection, most=1)
        return newest[0] if newest else None

    run = transaction(here.engine, work)
    if run is None:
        raise Transient("the run was removed")
    app = make_producer_app(
        here.services.redis_url, publish_timeout_s=here.settings.publish_timeout_s
    )
    wake_trainers(app)
    app.close()
    return run


def current(engine: Engine, run: int) -> TrainingRun:
    """A run as it is now.

    Raises:
        Transient: it is gone.
    """
    found = transaction(engine, lambda c: training_runs.find(c, run))
    if found is None:
        raise Transient(f"run {run} is gone")
    return found


def watch(engine: Engine, run: int) -> Iterator[str]:
    """A line whenever the run got on, until it ends."""
    said = ""
    while (found := current(engine, run)).state in _OPEN:
        line = _progress_line(found)
        if line != said:
            yield line
        said = line
        time.sleep(_POLL_S)


def run_line(run: TrainingRun) -> str:
    """One line: which run, why, how it ended."""
    start = f"run {run.id} ({run.trigger}: {run.reason})"
    if run.state is RunState.FAILED:
        return f"{start} failed: {run.error}; the active model serves on"
    if run.state in _OPEN:
        return f"{start} is {run.state}"
    why = (run.gate or {}).get("reason", "")
    return f"{start}: {run.outcome}, model {run.candidate or '-'}. {why}"


def run_object(run: TrainingRun) -> dict[str, Any]:
    """JSON-ready."""
    return {
        "run": run.id,
        "trigger": run.trigger,
        "reason": run.reason,
        "state": run.state,
        "outcome": run.outcome,
        "model_version": run.candidate,
        "snapshot": run.snapshot_id,
        "error": run.error,
        "gate": run.gate,
    }


def _progress_line(run: TrainingRun) -> str:
    if run.state is RunState.QUEUED:
        return f"run {run.id}: waits for a trainer (`pointsman up` has one)"
    stage, fraction = run.progress.get("stage", "starting"), run.progress.get("fraction")
    share = "" if fraction is None else f" {fraction:.0%}"
    return f"run {run.id}: {stage}{share}"
