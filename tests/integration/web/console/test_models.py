"""The pages of models and trainings, on artifacts with a random tiny network."""

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Connection, Engine
from starlette.testclient import TestClient

from classifier.artifacts import Artifact
from core.types import ControlledArea, Role
from store.engine import transaction
from store.models import model_versions, training_runs, trials
from tests.factories.artifacts import build_tiny_artifact
from tests.factories.callers import a_person, sign_in, web_settings
from web.app import make_app

_EVIL = "<script>alert(1)</script>"
_METRICS: dict[str, Any] = {
    **{"micro_f1": 0.8, "macro_f1": 0.7, "weighted_f1": 0.8, "subset_accuracy": 0.5, "ece": 0.02},
    "n": 90,
    "per_label": {
        "refund": {"precision": 0.9, "recall": 0.8, "f1": 0.85, "support": 40},
        _EVIL: {"precision": 0.2, "recall": 0.3, "f1": 0.25, "support": 4},
    },
    "linear": {"micro_f1": 0.61, "macro_f1": 0.52},
}
Register = Callable[[int], Artifact]


def signed_in(client: TestClient, engine: Engine, role: Role = Role.OPS) -> TestClient:
    a_person(engine, f"{role}@example.com", role)
    csrf = sign_in(client, f"{role}@example.com")
    client.headers.update({"accept": "text/html", "x-csrf-token": csrf})
    return client


@pytest.fixture
def ops(client: TestClient, engine: Engine) -> TestClient:
    return signed_in(client, engine)


@pytest.fixture
def register(engine: Engine, tmp_path: Path) -> Register:
    def make(seed: int) -> Artifact:
        found = build_tiny_artifact(tmp_path / f"model-{seed}", seed=seed)

        def work(connection: Connection) -> None:
            model_versions.register(
                connection,
                version=found.version,
                path=found.path,
                labels=found.labels,
                metrics=_METRICS,
            )

        transaction(engine, work)
        return found

    return make


@pytest.fixture
def old(engine: Engine, register: Register) -> str:
    version = register(1).version
    transaction(engine, lambda c: model_versions.activate(c, version, actor="test"))
    return version


@pytest.fixture
def new(old: str, register: Register) -> str:
    return register(2).version


def _gate_said(engine: Engine, candidate: str, against: str) -> None:
    sentence = f"Macro-F1 drops {_EVIL} by 0.1."
    check = {"name": "macro", "passed": False, "required": True, "sentence": sentence}
    gate = {"decision": "rejected", "reason": "Worse.", "checks": [check], "against": against}

    def work(connection: Connection) -> None:
        training_runs.ask(connection, reason="x", by="kim")
        run = training_runs.claim(connection, lease_s=60)
        assert run is not None
        training_runs.succeed(connection, run, candidate=candidate, outcome="rejected", gate=gate)

    transaction(engine, work)


def _serving(engine: Engine) -> str | None:
    active = transaction(engine, model_versions.active)
    return None if active is None else active.version


def _send(client: TestClient, path: str, **fields: Any) -> Any:
    return client.post(path, data=fields, headers={"hx-request": "true"})


def test_versions_stand_beside_the_linear_model_with_what_the_gate_said(
    ops: TestClient, engine: Engine, old: str, new: str
) -> None:
    _gate_said(engine, new, old)
    page = ops.get("/models").text
    assert page.index(f'href="/models/{new}"') < page.index(f'href="/models/{old}"')
    for words in ("0.800", "0.610", "rejected", "Worse.", "serves", f"Take {old} back"):
        assert words in page


def test_a_version_tells_facts_labels_and_the_gate_in_words(
    ops: TestClient, engine: Engine, old: str, new: str
) -> None:
    _gate_said(engine, new, old)
    page = ops.get(f"/models/{new}").text
    assert page.index("&lt;script&gt;alert(1)") < page.index(">refund<")
    assert _EVIL not in page
    assert "Macro-F1 drops" in page
    assert "The gate rejected it." in page
    assert f'href="/v1/models/{new}/report"' in page
    assert f"/models/compare?a={old}&amp;b={new}" in page
    assert ops.get(f"/models/{'0' * 12}").status_code == 404


def test_two_versions_are_compared(ops: TestClient, engine: Engine, old: str, new: str) -> None:
    place = f"/models/compare?a={old}&b={new}"
    assert "pointsman compare" in ops.get(place).text
    _gate_said(engine, new, old)
    page = ops.get(place).text
    assert "Macro-F1 drops" in page
    assert "+0.000" in page


def test_a_version_is_activated_and_rolled_back(
    ops: TestClient, engine: Engine, old: str, new: str
) -> None:
    done = _send(ops, f"/models/{new}/activate", note="better")
    assert (done.status_code, done.headers["hx-redirect"]) == (204, f"/models/{new}")
    assert _serving(engine) == new
    stale = _send(ops, "/models/rollback", serving=old)
    assert (stale.status_code, f"Version {new} serves" in stale.text) == (409, True)
    assert _send(ops, "/models/rollback", serving=new).status_code == 204
    assert _serving(engine) == old


def test_a_folder_that_cannot_be_read_is_told_and_offers_nothing(
    ops: TestClient, register: Register, old: str
) -> None:
    broken = register(3)
    shutil.rmtree(broken.path)
    page = ops.get(f"/models/{broken.version}").text
    assert "cannot be read here" in page
    assert "Activate" not in page
    assert _send(ops, f"/models/{broken.version}/activate").status_code == 409


def test_a_canary_is_begun_watched_with_its_evidence_and_ended(
    ops: TestClient, engine: Engine, old: str, new: str
) -> None:
    begun = _send(ops, f"/models/{new}/try", stage="canary", percent="25")
    assert begun.status_code == 204
    trial = transaction(engine, trials.current)
    assert trial is not None
    assert trial.share == 0.25
    finding = {"sentence": "Overruled 3 of 41.", "worse": 5.0, "better": 1.0, "needed": 20.0}
    transaction(engine, lambda c: trials.note(c, trial, finding))
    for path in ("/models", f"/models/{new}"):
        page = ops.get(path).text
        assert "Canary on 25 %" in page
        assert "Overruled 3 of 41." in page
        assert "of 20 needed" in page
    assert "Try it on live tickets" not in ops.get(f"/models/{new}").text
    other = _send(ops, "/models/trial/end", trial=trial.id + 1, promote="true")
    assert other.status_code == 409
    assert _send(ops, "/models/trial/end", trial=trial.id, promote="true").status_code == 204
    assert _serving(engine) == new
    assert "Probation" in ops.get("/models").text


def test_a_trial_that_makes_no_sense_is_refused(ops: TestClient, old: str, new: str) -> None:
    for wrong in ({"stage": "probation"}, {"stage": "canary", "percent": "100"}, {}):
        assert _send(ops, f"/models/{new}/try", **wrong).status_code == 422


def test_agents_read_and_are_offered_no_change(
    client: TestClient, engine: Engine, old: str, new: str
) -> None:
    agent = signed_in(client, engine, Role.AGENT)
    for path in ("/models", f"/models/{new}", "/training"):
        page = agent.get(path).text
        assert "hx-post" not in page.replace('hx-post="/v1/sign-out"', "")
    assert _send(agent, f"/models/{new}/activate").status_code == 403
    assert _serving(engine) == old


def test_under_four_eyes_an_activation_waits(
    postgres_url: str, redis_url: str, engine: Engine, old: str, new: str
) -> None:
    settings = web_settings(postgres_url, redis_url, four_eyes=ControlledArea.ACTIVATION.value)
    with TestClient(make_app(settings)) as client:
        kept = _send(signed_in(client, engine), f"/models/{new}/activate", note="better")
    assert (kept.status_code, "second person" in kept.text) == (202, True)
    assert _serving(engine) == old


def test_without_a_model_or_a_run_the_pages_say_what_to_do(ops: TestClient) -> None:
    assert "There is no model yet" in ops.get("/models").text
    assert "Nothing was trained here yet" in ops.get("/training").text


def test_a_run_is_asked_for_with_its_reason_and_its_progress_is_shown(
    ops: TestClient, engine: Engine
) -> None:
    assert _send(ops, "/training", note=f"policy {_EVIL}").headers["hx-redirect"] == "/training"
    page = ops.get("/training").text
    assert "Waits for a trainer." in page
    assert "Retrain now" not in page
    assert "policy &lt;script&gt;" in page
    assert _EVIL not in page
    assert _send(ops, "/training", note="again").status_code == 409
    run = transaction(engine, lambda c: training_runs.claim(c, lease_s=60))
    assert run is not None
    said = {"stage": "measuring", "fraction": 0.4, "eta_s": 118.0, "notes": ["needs 3 more"]}
    transaction(engine, lambda c: training_runs.heartbeat(c, run, said, lease_s=60))
    part = ops.get("/training/progress").text
    assert "Measuring the new model, 40% of this step, about 2 minutes left in it." in part
    assert 'width="40.0"' in part
    assert "needs 3 more" in part


def test_a_failure_is_told_in_plain_words_and_the_progress_leads_to_it(
    ops: TestClient, engine: Engine
) -> None:
    _send(ops, "/training")
    run = transaction(engine, lambda c: training_runs.claim(c, lease_s=60))
    assert run is not None
    transaction(engine, lambda c: training_runs.fail(c, run, "the disk is full"))
    over = ops.get("/training/progress")
    assert (over.status_code, over.headers["hx-redirect"]) == (204, "/training")
    for path in ("/training", f"/training/{run.id}"):
        assert "Failed: The disk is full. The active model serves on." in ops.get(path).text
    assert ops.get(f"/training/{run.id + 1}").status_code == 404
