"""Trainings over HTTP; no trainer runs here, so that each test says what one would have done."""

from typing import Any

import pytest
import redis
from sqlalchemy import Engine, text
from starlette.testclient import TestClient

from broker.messages import TRAIN_QUEUE
from core.types import Role
from store.engine import transaction
from store.models import training_runs
from store.models.training_runs import TrainingRun
from tests.factories.callers import a_secret, bearer


@pytest.fixture
def ops(client: TestClient, engine: Engine) -> TestClient:
    client.headers.update(bearer(a_secret(engine, Role.OPS, name="kim")))
    return client


def _claimed(engine: Engine) -> TrainingRun:
    run = transaction(engine, lambda c: training_runs.claim(c, lease_s=60))
    assert run is not None
    return run


def _ask(ops: TestClient) -> int:
    asked = ops.post("/v1/retrain", json={"note": "new returns policy"})
    assert asked.status_code == 202
    number: int = asked.json()["run"]
    return number


def test_a_run_is_asked_for_once_in_the_callers_name_and_trainers_are_told(
    ops: TestClient, engine: Engine, redis_url: str
) -> None:
    run = _ask(ops)
    shown = ops.get(f"/v1/retrain/{run}").json()
    assert (shown["state"], shown["requested_by"]) == ("queued", "kim")
    assert (shown["trigger"], shown["why"]) == ("manual", "new returns policy")
    assert (shown["said"], shown["progress"]) == ("Waits for a trainer.", None)
    with redis.Redis.from_url(redis_url) as broker:
        assert broker.llen(TRAIN_QUEUE) == 1
    with engine.connect() as connection:
        asked = text("SELECT actor, subject FROM audit_log WHERE action = 'retrain.asked'")
        assert connection.execute(asked).one() == ("kim", f"training run {run}")


def test_while_one_waits_or_runs_a_second_is_refused_and_the_first_is_named(
    ops: TestClient, engine: Engine
) -> None:
    run = _ask(ops)
    for state in ("queued", "running"):
        refused = ops.post("/v1/retrain", json={})
        assert (refused.status_code, refused.json()["run"]) == (409, run)
        assert state in refused.json()["detail"]
        if state == "queued":
            _claimed(engine)
    assert len(ops.get("/v1/retrain").json()["runs"]) == 1


def test_progress_is_told_with_an_estimate_in_words(ops: TestClient, engine: Engine) -> None:
    run = _ask(ops)
    where = {"stage": "measuring", "fraction": 0.4, "eta_s": 118.0, "notes": ["few refunds"]}
    claimed = _claimed(engine)
    transaction(engine, lambda c: training_runs.heartbeat(c, claimed, where, lease_s=60))
    shown = ops.get(f"/v1/retrain/{run}").json()
    assert shown["said"] == (
        "Measuring the new model, 40% of this step, about 2 minutes left in it."
    )
    assert shown["progress"]["left_s"] == 118
    assert shown["progress"]["notes"] == ["few refunds"]


@pytest.mark.parametrize(
    ("outcome", "said"),
    [
        ("rejected", "was rejected, and the active one serves on. Macro-F1 fell."),
        ("waiting for approval", "waits for a person. Macro-F1 fell."),
    ],
)
def test_an_end_comes_with_its_reasons_and_what_it_learned_from(
    ops: TestClient, engine: Engine, outcome: str, said: str
) -> None:
    run, gate = _ask(ops), {"reason": "Macro-F1 fell.", "checks": [{"name": "macro_f1"}]}
    claimed = _claimed(engine)

    def work(connection: Any) -> None:
        insert = "INSERT INTO dataset_snapshots (id, path, summary) VALUES ('s', '/s', :s)"
        connection.execute(text(insert), {"s": '{"rows": 12}'})
        insert = "INSERT INTO model_versions (version, artifact_path, labels, metrics)"
        connection.execute(text(f"{insert} VALUES ('m1', '/m', '{{}}', '{{}}')"))
        training_runs.note_snapshot(connection, claimed, "s")
        training_runs.succeed(connection, claimed, candidate="m1", outcome=outcome, gate=gate)

    transaction(engine, work)
    shown = ops.get(f"/v1/retrain/{run}").json()
    assert (shown["state"], shown["model_version"]) == ("succeeded", "m1")
    assert shown["said"].endswith(said)
    assert shown["snapshot"] == {"id": "s", "summary": {"rows": 12}}
    assert shown["gate"] == gate


def test_a_failure_is_told_in_plain_words(ops: TestClient, engine: Engine) -> None:
    run, error = _ask(ops), "no labelled ticket to learn from: import some, or correct some"
    claimed = _claimed(engine)
    transaction(engine, lambda c: training_runs.fail(c, claimed, error))
    shown = ops.get(f"/v1/retrain/{run}").json()
    assert shown["said"] == (
        "Failed: No labelled ticket to learn from: import some, or correct some. "
        "The active model serves on."
    )
    assert shown["error"] == error
    assert _ask(ops) > run


def test_runs_are_listed_page_by_page(ops: TestClient, engine: Engine) -> None:
    runs = []
    for _ in range(3):
        runs.append(_ask(ops))
        claimed = _claimed(engine)
        transaction(engine, lambda c, run=claimed: training_runs.fail(c, run, "x"))  # type: ignore[misc]
    first = ops.get("/v1/retrain", params={"limit": 2}).json()
    rest = ops.get("/v1/retrain", params={"limit": 2, "cursor": first["next"]}).json()
    assert [run["run"] for page in (first, rest) for run in page["runs"]] == runs[::-1]
    assert rest["next"] is None


def test_what_is_not_there_or_too_large_a_number_is_refused(ops: TestClient) -> None:
    assert ops.get("/v1/retrain/999").status_code == 404
    assert ops.get(f"/v1/retrain/{2**63}").status_code == 422
    assert ops.get("/v1/retrain", params={"cursor": "x"}).status_code == 422
