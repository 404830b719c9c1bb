"""A trainer that is killed while it trains: the run goes on elsewhere and promotes once."""

import os
import signal
import subprocess
from pathlib import Path

from sqlalchemy import Engine, text

from broker.app import make_producer_app
from broker.client import wake_trainers
from core.types import Ticket
from store import taxonomy, training_runs
from store.engine import transaction
from store.taxonomy import Label
from store.tickets import import_labelled
from tests.factories.artifacts import LABELS, build_tiny_encoder
from tests.factories.labelled import labelled_rows
from tests.factories.processes import Processes, wait_until


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


def _kill(trainer: "subprocess.Popen[bytes]") -> None:
    os.kill(trainer.pid, signal.SIGKILL)
    trainer.wait()


def test_a_killed_trainer_a_second_one_and_messages_twice_end_in_one_promotion(
    engine: Engine, postgres_url: str, redis_url: str, tmp_path: Path
) -> None:
    environment = {
        "POINTSMAN_DATABASE_URL": postgres_url,
        "POINTSMAN_REDIS_URL": redis_url,
        "POINTSMAN_STATE_DIR": str(tmp_path / "state"),
        "POINTSMAN_ENCODER": str(build_tiny_encoder(tmp_path / "encoder")),
        "POINTSMAN_DEVICE": "cpu",
        "POINTSMAN_DEVICE_THREADS": "1",
        "POINTSMAN_TRAINING_LEASE_S": "3",
        "POINTSMAN_RETRAIN_CHECK_INTERVAL_S": "0.5",
    }
    _ask(engine)
    processes = Processes(tmp_path, environment)
    app = make_producer_app(redis_url, publish_timeout_s=1)
    try:
        doomed = processes.start("-m", "trainer")
        wait_until(
            lambda: _stage(engine) in ("embedding", "head", "lexical branch", "measuring"),
            timeout_s=120,
            what="a training on its way",
            seen=processes.logs,
        )
        _kill(doomed)
        for _ in range(2):
            processes.start("-m", "trainer")
            wake_trainers(app)
            wake_trainers(app)
        wait_until(
            lambda: _is_over(engine), timeout_s=180, what="the run ended", seen=processes.logs
        )
    finally:
        processes.stop_all()
        app.close()
    [run] = transaction(engine, lambda c: training_runs.newest(c, most=9))
    assert (run.outcome, run.token) == ("promoted", 2)
    with engine.connect() as connection:
        promotions = text("SELECT count(*) FROM audit_log WHERE action = 'model.activated'")
        assert connection.execute(promotions).scalar() == 1
        active = text("SELECT version FROM model_versions WHERE active")
        assert connection.execute(active).scalar() == run.candidate
