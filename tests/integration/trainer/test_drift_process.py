"""A trainer process that a message wakes to check the stream."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

from sqlalchemy import Engine

from broker.app import make_producer_app
from broker.messages import CHECK_DRIFT, TRAIN_QUEUE
from classifier.transformer import load_network
from store import drift_reports
from store.engine import transaction
from tests.factories.artifacts import LABELS, build_tiny_artifact
from tests.factories.labelled import labelled_rows
from tests.factories.models import install
from tests.factories.processes import Processes, wait_until
from tests.factories.streams import Made, age_model, put


def test_a_message_wakes_trainers_and_two_of_them_keep_one_report(
    engine: Engine, postgres_url: str, redis_url: str, tmp_path: Path
) -> None:
    artifact = build_tiny_artifact(tmp_path / "model")
    environment = {
        "POINTSMAN_DATABASE_URL": postgres_url,
        "POINTSMAN_REDIS_URL": redis_url,
        "POINTSMAN_STATE_DIR": str(tmp_path / "state"),
        "POINTSMAN_DEVICE": "cpu",
        "POINTSMAN_DEVICE_THREADS": "1",
        "POINTSMAN_DRIFT_CHECK_INTERVAL_S": "3600",
        "POINTSMAN_DRIFT_WINDOW_TICKETS": "300",
    }
    processes = Processes(tmp_path, environment)
    app = make_producer_app(redis_url, publish_timeout_s=1)
    bodies = [f"{row['subject']} {row['body']}" for row in labelled_rows(300)]
    scores = load_network(artifact, device="cpu", threads=1).predict(bodies).astype(float)
    made = [
        Made(body=body, scores=dict(zip(LABELS, row.tolist(), strict=True)))
        for body, row in zip(bodies, scores, strict=True)
    ]

    def arrive() -> None:
        start = datetime.now(UTC)
        version = artifact.version
        transaction(
            engine, lambda c: put(c, made, version=version, start=start, every=timedelta(0))
        )

    def is_marked() -> bool:
        app.send_task(CHECK_DRIFT, queue=TRAIN_QUEUE, retry=False)
        marked = transaction(engine, lambda c: drift_reports.reference_of(c, artifact.version))
        return marked is not None

    def is_checked() -> bool:
        app.send_task(CHECK_DRIFT, queue=TRAIN_QUEUE, retry=False)
        return transaction(engine, drift_reports.newest) is not None

    try:
        for _ in range(2):
            processes.start("-m", "trainer")
        install(engine, artifact)
        since = datetime.now(UTC) - timedelta(hours=1)
        transaction(engine, lambda c: age_model(c, artifact.version, since))
        for is_done in (is_marked, is_checked):
            arrive()
            wait_until(is_done, timeout_s=120, what="a drift check", seen=processes.logs)
    finally:
        processes.stop_all()
        app.close()
    report = transaction(engine, drift_reports.newest)
    assert report is not None
    assert (report.tickets, report.alerts) == (300, 0)
