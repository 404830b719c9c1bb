"""Drift reports over HTTP."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import redis
from sqlalchemy import Engine
from starlette.testclient import TestClient

from broker.messages import TRAIN_QUEUE
from core.types import Role
from store.engine import transaction
from store.figures import drift_reports
from store.figures.drift_reports import Found
from store.models import model_versions
from tests.factories.callers import Serve, a_secret, bearer
from tests.factories.streams import Made, age_model, put

_NOW = datetime.now(UTC)
_FINDING = {
    "signal": "predicted_rate",
    "label": "refund",
    "value": 0.21,
    "limit": 0.2,
    "noise": 0.03,
    "p_value": None,
    "reference": 0.11,
    "current": 0.32,
    "reference_n": 800,
    "current_n": 5000,
    "severity": "alert",
    "sentence": "refund is predicted three times as often.",
}


@pytest.fixture
def ops(engine: Engine, serve: Serve, tmp_path: Path) -> TestClient:
    client = serve(state_dir=tmp_path, drift_min_tickets=20)
    client.headers.update(bearer(a_secret(engine, Role.OPS)))
    return client


def _serves(engine: Engine, version: str = "m1") -> None:
    def work(connection: Any) -> None:
        model_versions.register(
            connection, version=version, path=Path("/nowhere"), labels=["refund"], metrics={}
        )
        model_versions.activate(connection, version, actor="test")
        age_model(connection, version, _NOW - timedelta(days=9))

    transaction(engine, work)


def _report(engine: Engine, days_ago: int, findings: list[dict[str, Any]]) -> int:
    found = Found(
        model_version="m1",
        since=_NOW - timedelta(days=days_ago),
        until=_NOW - timedelta(days=days_ago - 1),
        tickets=500,
        findings=findings,
    )
    kept = transaction(engine, lambda c: drift_reports.keep(c, found))
    assert kept is not None
    return kept.id


def test_reports_are_listed_and_shown_with_their_findings(ops: TestClient, engine: Engine) -> None:
    _serves(engine)
    _report(engine, 5, [])
    quiet = _report(engine, 4, [{**_FINDING, "severity": "quiet"}])
    loud = _report(engine, 3, [{**_FINDING, "severity": "watch"}, _FINDING])
    page = ops.get("/v1/drift", params={"limit": 1}).json()
    assert [report["report"] for report in page["reports"]] == [loud]
    assert page["reports"][0]["severity"] == "alert"
    assert page["reports"][0]["said"] == (
        "1 alert on 500 tickets: refund is predicted three times as often."
    )
    rest = ops.get("/v1/drift", params={"cursor": page["next"]}).json()
    assert [report["report"] for report in rest["reports"]] == [quiet]
    shown = ops.get(f"/v1/drift/{loud}").json()
    assert [finding["severity"] for finding in shown["findings"]] == ["watch", "alert"]
    assert shown["findings"][1]["p_value"] is None
    assert ops.get("/v1/drift/999").status_code == 404


def test_the_page_that_a_trainer_left_is_shown_and_can_run_nothing(
    ops: TestClient, engine: Engine, tmp_path: Path
) -> None:
    _serves(engine)
    report = _report(engine, 3, [_FINDING])
    missing = ops.get(f"/v1/drift/{report}/page")
    assert (missing.status_code, "POINTSMAN_STATE_DIR" in missing.json()["fix"]) == (404, True)
    file = drift_reports.page_file(tmp_path, report)
    file.parent.mkdir()
    file.write_text("<h1>Drift</h1>")
    page = ops.get(f"/v1/drift/{report}/page")
    assert page.text == "<h1>Drift</h1>"
    assert page.headers["content-security-policy"].endswith("sandbox")


def test_a_check_before_it_is_due_reaches_trainers_as_such(
    ops: TestClient, engine: Engine, redis_url: str
) -> None:
    nobody = ops.post("/v1/drift")
    assert (nobody.status_code, nobody.json()["detail"]) == (409, "No model serves.")
    _serves(engine)
    too_few = ops.post("/v1/drift")
    assert too_few.status_code == 409
    assert "under 20 nothing is judged" in too_few.json()["detail"]
    made = [Made(body="late", scores={"refund": 0.9})] * 20
    transaction(engine, lambda c: put(c, made, version="m1", start=_NOW - timedelta(days=2)))
    asked = ops.post("/v1/drift", headers={"x-request-id": "call-9"})
    assert (asked.status_code, asked.json()["tickets"]) == (202, 20)
    with redis.Redis.from_url(redis_url) as broker:
        [message] = [json.loads(raw) for raw in broker.lrange(TRAIN_QUEUE, 0, -1)]
    assert message["headers"]["task"] == "trainer.check_drift"
    assert message["headers"]["request_id"] == "call-9"


def test_without_redis_nobody_is_promised_a_check(engine: Engine, serve: Serve) -> None:
    _serves(engine)
    made = [Made(body="late", scores={"refund": 0.9})] * 200
    transaction(engine, lambda c: put(c, made, version="m1", start=_NOW - timedelta(days=2)))
    client = serve("redis://127.0.0.1:1/0", publish_timeout_s=0.1)
    refused = client.post("/v1/drift", headers=bearer(a_secret(engine, Role.OPS)))
    assert (refused.status_code, "retry-after" in refused.headers) == (503, True)
