"""C19, C20: trainers that are killed, twice as many of them as needed, and two beats."""

import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import Engine, text

from broker.app import make_producer_app
from broker.client import wake_trainers
from core.types import Ticket
from store.engine import transaction
from store.models import training_runs
from store.queue.tickets import import_labelled
from store.rules import taxonomy
from store.rules.taxonomy import Label
from tests.factories.artifacts import LABELS, build_tiny_encoder
from tests.factories.labelled import labelled_rows
from tests.factories.processes import wait_until
from tests.faults.conftest import Run, System
from tests.faults.forks import Running

_STAGES = ("embedding", "head", "lexical branch", "measuring")


def _ask(engine: Engine) -> None:
    rows = [Ticket(**row) for row in labelled_rows(3000)]  # type: ignore[arg-type]
    with engine.begin() as connection:
        taxonomy.add_labels(connection, [Label(name=name) for name in LABELS])
        import_labelled(connection, rows, source="history")
        training_runs.request(
            connection, window="w", trigger="manual", reason="test", requested_by="test"
        )


def _stage(engine: Engine) -> str:
    run = transaction(engine, lambda c: training_runs.newest(c, most=1))[0]
    return str(run.progress.get("stage", ""))


def _is_over(engine: Engine) -> bool:
    return transaction(engine, lambda c: training_runs.newest(c, most=1))[0].outcome is not None


@pytest.fixture
def bare(
    engine: Engine, postgres_url: str, redis_url: str, tmp_path: Path, run: Run
) -> Iterator[System]:
    """A system that never had a model."""
    urls = (postgres_url, redis_url)
    made = System(engine=engine, urls=urls, folder=tmp_path, seed=run.seed)
    yield made
    made.close()


@pytest.mark.parametrize(
    "point",
    [
        "in_training",
        pytest.param("after_artifact", marks=pytest.mark.short),
        pytest.param("in_gate", marks=pytest.mark.short),
        pytest.param("before_promotion", marks=pytest.mark.short),
    ],
)
def test_c20_a_killed_trainer_a_second_one_and_two_beats_end_in_one_promotion(
    bare: System, point: str
) -> None:
    system = bare
    settings = {
        "POINTSMAN_ENCODER": str(build_tiny_encoder(system.folder / "encoder")),
        "POINTSMAN_TRAINING_LEASE_S": "3",
        "POINTSMAN_RETRAIN_CHECK_INTERVAL_S": "0.5",
    }
    _ask(system.engine)
    for _ in range(2):
        system.processes.start("beat", **settings)
    _start_and_kill(system, point, settings)
    app = make_producer_app(system.redis_url, publish_timeout_s=1)
    for _ in range(2):
        system.processes.start("trainer", **settings)
        wake_trainers(app)
        wake_trainers(app)
    app.close()
    took = wait_until(
        lambda: _is_over(system.engine),
        timeout_s=240,
        what="the run ended",
        seen=system.processes.logs,
    )
    _was_promoted_once(system.engine)
    what = f"trainer killed {point.replace('_', ' ')}, two beats"
    system.close_books("C19 C20", what, faults=1, recoveries=[took])


def _start_and_kill(system: System, point: str, settings: dict[str, str]) -> None:
    if point == "in_training":
        doomed = system.processes.start("trainer", **settings)
        wait_until(
            lambda: _stage(system.engine) in _STAGES,
            timeout_s=120,
            what="a training on its way",
            seen=system.processes.logs,
        )
        os.kill(doomed.pid, signal.SIGKILL)
    else:
        doomed = system.processes.start("trainer", f"--failpoint={point}", **settings)
    _await_death(system, doomed)


def _await_death(system: System, doomed: Running) -> None:
    wait_until(
        lambda: doomed.poll() is not None,
        timeout_s=240,
        what="the trainer killed",
        seen=system.processes.logs,
    )
    assert doomed.poll() == -signal.SIGKILL


def _was_promoted_once(engine: Engine) -> None:
    [run] = transaction(engine, lambda c: training_runs.newest(c, most=9))
    assert (run.outcome, run.token) == ("promoted", 2)
    with engine.connect() as connection:
        promotions = text("SELECT count(*) FROM audit_log WHERE action = 'model.activated'")
        assert connection.execute(promotions).scalar() == 1
        active = text("SELECT version FROM model_versions WHERE active")
        assert connection.execute(active).scalar() == run.candidate
