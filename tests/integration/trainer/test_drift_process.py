"""A trainer process that a message wakes to check the stream."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

from sqlalchemy import Engine, text

from broker.app import make_producer_app
from broker.client import ask_for_drift_check
from broker.messages import CHECK_DRIFT, TRAIN_QUEUE
from classifier.artifacts import Artifact
from classifier.transformer import load_network
from store.engine import transaction
from store.figures import drift_reports
from store.figures.drift_reports import Found
from tests.factories.artifacts import LABELS, build_tiny_artifact
from tests.factories.labelled import labelled_rows
from tests.factories.models import install
from tests.factories.processes import Processes, wait_until
from tests.factories.streams import Made, age_model, put


def _environment(postgres_url: str, redis_url: str, state: Path) -> dict[str, str]:
    return {
        "POINTSMAN_DATABASE_URL": postgres_url,
        "POINTSMAN_REDIS_URL": redis_url,
        "POINTSMAN_STATE_DIR": str(state),
        "POINTSMAN_DEVICE": "cpu",
        "POINTSMAN_DEVICE_THREADS": "1",
        "POINTSMAN_DRIFT_CHECK_INTERVAL_S": "3600",
        "POINTSMAN_DRIFT_WINDOW_TICKETS": "300",
    }


def _tickets(artifact: Artifact) -> list[Made]:
    """300 as the artifact decides them."""
    bodies = [f"{row['subject']} {row['body']}" for row in labelled_rows(300)]
    scores = load_network(artifact, device="cpu", threads=1).predict(bodies).astype(float)
    return [
        Made(body=body, scores=dict(zip(LABELS, row.tolist(), strict=True)))
        for body, row in zip(bodies, scores, strict=True)
    ]


def test_a_message_wakes_trainers_and_two_of_them_keep_one_report(
    engine: Engine, postgres_url: str, redis_url: str, tmp_path: Path
) -> None:
    artifact = build_tiny_artifact(tmp_path / "state" / "models" / "model")
    processes = Processes(tmp_path, _environment(postgres_url, redis_url, tmp_path / "state"))
    app = make_producer_app(redis_url, publish_timeout_s=1)
    made = _tickets(artifact)

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


def test_a_check_that_is_killed_leaves_no_trace_and_the_next_one_makes_the_report(
    engine: Engine, postgres_url: str, redis_url: str, tmp_path: Path
) -> None:
    artifact, state, now = (
        build_tiny_artifact(tmp_path / "state" / "models" / "model"),
        tmp_path / "state",
        datetime.now(UTC),
    )
    start, until = now - timedelta(hours=3), now - timedelta(hours=2)
    marked = Found(
        model_version=artifact.version, since=start, until=until, tickets=300, findings=[]
    )
    made = _tickets(artifact)
    install(engine, artifact)
    with engine.begin() as connection:
        age_model(connection, artifact.version, start)
        for arrived in (start, until):
            put(connection, made, version=artifact.version, start=arrived)
        drift_reports.keep(connection, marked)
    processes = Processes(tmp_path, _environment(postgres_url, redis_url, state))
    app = make_producer_app(redis_url, publish_timeout_s=1)

    def is_over() -> bool:
        return transaction(engine, drift_reports.newest) is not None

    def is_under_way() -> bool:
        ask_for_drift_check(app)
        return any(state.glob("drift/*.safetensors"))

    try:
        doomed = processes.start("-m", "trainer")
        wait_until(is_under_way, timeout_s=120, what="a drift check", seen=processes.logs)
        doomed.kill()
        doomed.wait()
        processes.start("-m", "trainer")
        ask_for_drift_check(app)
        wait_until(is_over, timeout_s=120, what="a drift report", seen=processes.logs)
    finally:
        processes.stop_all()
        app.close()
    with engine.connect() as connection:
        reports = connection.execute(text("SELECT since, tickets FROM drift_reports ORDER BY id"))
        assert [(row.since, row.tickets) for row in reports] == [(start, 300), (until, 300)]
        alerts = connection.execute(text("SELECT count(*) FROM drift_reports WHERE alerts > 0"))
        events = connection.execute(
            text("SELECT count(*) FROM outbox WHERE event = 'drift.detected'")
        )
        assert events.scalar_one() == alerts.scalar_one()
