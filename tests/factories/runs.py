"""Training runs, carried out here and now."""

import threading

from sqlalchemy import Engine

from store.engine import transaction
from store.models import training_runs
from store.models.training_runs import TrainingRun
from trainer.loop.runs import Plan, carry_out


def carried_out(engine: Engine, plan: Plan, window: str) -> TrainingRun:
    """Asks for a run, carries it out, and gives it as it ended."""
    transaction(
        engine,
        lambda c: training_runs.request(
            c, window=window, trigger="manual", reason="test", requested_by="test"
        ),
    )
    run = transaction(engine, lambda c: training_runs.claim(c, lease_s=60))
    assert run is not None
    carry_out(engine, run, plan, threading.Event())
    ended = transaction(engine, lambda c: training_runs.find(c, run.id))
    assert ended is not None
    return ended
