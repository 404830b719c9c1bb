"""Asking for a training run and following it."""

import getpass
import time
from collections.abc import Iterator
from typing import Any

from sqlalchemy import Engine

from broker.app import make_producer_app
from broker.client import wake_trainers
from cli.running.services import Connected
from core.errors import Transient
from core.types import RunState
from router.run_words import run_words
from store.engine import transaction
from store.models import training_runs
from store.models.training_runs import TrainingRun

_POLL_S = 0.5
_OPEN = (RunState.QUEUED, RunState.RUNNING)


def ask(here: Connected, reason: str) -> TrainingRun:
    """The run that was asked for; one that waits or runs already is as good."""
    who = getpass.getuser()
    run, _ = transaction(here.engine, lambda c: training_runs.ask(c, reason=reason, by=who))
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
    """One line: which run, why, where it is or how it ended."""
    return f"run {run.id} ({run.trigger}: {run.reason}): {run_words(run)}"


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
    hint = " `pointsman up` has one." if run.state is RunState.QUEUED else ""
    return f"run {run.id}: {run_words(run)}{hint}"
