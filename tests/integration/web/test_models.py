"""Versions over HTTP, on artifacts with a random tiny network."""

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, text
from starlette.testclient import TestClient

from classifier.artifacts import Artifact
from core.types import Role, TrialStage
from store.engine import transaction
from store.models import model_versions, training_runs, trials
from tests.factories.artifacts import LABELS, build_tiny_artifact
from tests.factories.callers import a_secret, bearer

METRICS: dict[str, Any] = {
    **{"micro_f1": 0.8, "macro_f1": 0.7, "weighted_f1": 0.8, "subset_accuracy": 0.5, "ece": 0.02},
    "n": 90,
    "per_label": {"refund": {"precision": 0.9, "recall": 0.8, "f1": 0.85, "support": 40}},
    "linear": {"micro_f1": 0.6, "macro_f1": 0.5},
}
Register = Callable[..., Artifact]


@pytest.fixture
def register(engine: Engine, tmp_path: Path) -> Register:
    def make(seed: int, **changes: Any) -> Artifact:
        artifact = build_tiny_artifact(tmp_path / f"model-{seed}", seed=seed, **changes)
        transaction(
            engine,
            lambda c: model_versions.register(
                c,
                version=artifact.version,
                path=artifact.path,
                labels=artifact.labels,
                metrics=METRICS,
            ),
        )
        return artifact

    return make


@pytest.fixture
def ops(client: TestClient, engine: Engine) -> TestClient:
    client.headers.update(bearer(a_secret(engine, Role.OPS, name="kim")))
    return client


@pytest.fixture
def old(engine: Engine, register: Register) -> Artifact:
    made = register(1)
    transaction(engine, lambda c: model_versions.activate(c, made.version, actor="test"))
    return made


@pytest.fixture
def new(register: Register) -> Artifact:
    return register(2)


def _gate_said(engine: Engine, candidate: str, against: str | None) -> None:
    """A run that made the candidate, and how the gate found it."""

    def work(connection: Any) -> None:
        training_runs.ask(connection, reason="x", by="kim")
        run = training_runs.claim(connection, lease_s=60)
        assert run is not None
        gate: dict[str, Any] = {
            "decision": "rejected",
            "reason": "Worse.",
            "checks": [],
            "against": against,
        }
        training_runs.succeed(connection, run, candidate=candidate, outcome="rejected", gate=gate)

    transaction(engine, work)


def _serves(ops: TestClient) -> list[str]:
    models = ops.get("/v1/models").json()["models"]
    return [model["version"] for model in models if model["standing"] == "serves"]


def test_versions_are_listed_page_by_page_with_what_the_gate_said(
    ops: TestClient, engine: Engine, old: Artifact, new: Artifact
) -> None:
    _gate_said(engine, new.version, old.version)
    first = ops.get("/v1/models", params={"limit": 1}).json()
    rest = ops.get("/v1/models", params={"limit": 1, "cursor": first["next"]}).json()
    [newest], [oldest] = first["models"], rest["models"]
    assert (newest["version"], newest["standing"]) == (new.version, "rejected")
    assert (newest["outcome"], newest["reason"]) == ("rejected", "Worse.")
    assert (oldest["version"], oldest["standing"]) == (old.version, "serves")
    assert oldest["figures"]["macro_f1"] == 0.7
    assert ops.get("/v1/models", params={"cursor": rest["next"]}).json()["models"] == []


def test_a_version_is_shown_with_manifest_figures_gate_and_trials(
    ops: TestClient, engine: Engine, old: Artifact, new: Artifact
) -> None:
    _gate_said(engine, new.version, old.version)
    begun = ops.post(f"/v1/models/{new.version}/try", json={"stage": "shadow"})
    assert begun.status_code == 200
    shown = ops.get(f"/v1/models/{new.version}").json()
    assert shown["standing"] == "on_trial"
    assert shown["manifest"]["encoder"] == "tiny"
    assert shown["unreadable"] is None
    assert shown["per_label"]["refund"]["f1"] == 0.85
    assert shown["linear"]["micro_f1"] == 0.6
    assert shown["gate"]["against"] == old.version
    assert [trial["stage"] for trial in shown["trials"]] == ["shadow"]


def test_two_are_compared_by_what_is_stored_and_by_the_gate_where_it_did(
    ops: TestClient, engine: Engine, old: Artifact, register: Register
) -> None:
    new = register(2, labels=("billing", "refund", "press"))
    where = {"a": old.version, "b": new.version}
    before = ops.get("/v1/models/compare", params=where).json()
    assert before["only_a"] == sorted(set(LABELS) - {"billing", "refund"})
    assert before["only_b"] == ["press"]
    assert before["a"]["f1"] == {"refund": 0.85}
    assert before["gate"] is None
    assert before["command"].startswith(f"pointsman compare {old.path} {new.path}")
    _gate_said(engine, new.version, old.version)
    after = ops.get("/v1/models/compare", params=where).json()
    assert after["gate"]["reason"] == "Worse."
    assert after["command"] is None
    assert ops.get("/v1/models/compare", params={**where, "b": "0" * 12}).status_code == 404


def test_a_report_can_run_nothing_and_fetch_nothing(ops: TestClient, old: Artifact) -> None:
    page = ops.get(f"/v1/models/{old.version}/report")
    assert page.status_code == 200
    assert page.headers["content-type"].startswith("text/html")
    policy = page.headers["content-security-policy"]
    assert policy.startswith("default-src 'none';")
    assert policy.endswith("sandbox")
    assert "script" not in policy
    card = ops.get(f"/v1/models/{old.version}/card")
    assert card.headers["content-type"].startswith("text/markdown")


def test_a_page_that_was_altered_is_not_shown(ops: TestClient, old: Artifact) -> None:
    (old.path / "report.html").write_text("<h1>best model ever</h1>")
    refused = ops.get(f"/v1/models/{old.version}/report")
    assert (refused.status_code, "altered" in refused.json()["detail"]) == (409, True)


def test_a_folder_that_this_process_cannot_read_is_told(ops: TestClient, old: Artifact) -> None:
    shutil.rmtree(old.path)
    shown = ops.get(f"/v1/models/{old.version}")
    assert shown.status_code == 200
    assert shown.json()["manifest"] is None
    assert "manifest.json" in shown.json()["unreadable"]
    refused = ops.get(f"/v1/models/{old.version}/card")
    assert refused.status_code == 409
    assert "volume" in refused.json()["fix"]


def test_a_version_is_activated_and_rolled_back_under_the_callers_name(
    ops: TestClient, engine: Engine, old: Artifact, new: Artifact
) -> None:
    place = f"/v1/models/{new.version}/activate"
    assert ops.post(place, json={"note": "better on refunds"}).json() == {"serves": new.version}
    assert _serves(ops) == [new.version]
    assert ops.post("/v1/models/rollback", json={"serving": old.version}).status_code == 409
    back = ops.post("/v1/models/rollback", json={"serving": new.version})
    assert back.json() == {"serves": old.version}
    assert ops.post("/v1/models/rollback", json={"serving": new.version}).status_code == 409
    assert _serves(ops) == [old.version]
    with engine.connect() as connection:
        rows = connection.execute(
            text("SELECT actor, detail FROM audit_log WHERE action = 'model.activated' ORDER BY id")
        ).all()
    assert [row.actor for row in rows] == ["test", "kim", "kim"]
    assert rows[1].detail == {"before": old.version, "note": "better on refunds"}


def test_nobody_activates_what_is_unknown_or_cannot_serve(
    ops: TestClient, engine: Engine, old: Artifact, new: Artifact
) -> None:
    assert ops.post(f"/v1/models/{'0' * 12}/activate", json={}).status_code == 404
    assert ops.post("/v1/models/champion/activate", json={}).status_code == 422
    given_up = text(
        "INSERT INTO label_moves (kind, before, after, actor) "
        "VALUES ('retire', '{billing}', '{}', 'test')"
    )
    with engine.begin() as connection:
        connection.execute(given_up)
    stale = ops.post(f"/v1/models/{new.version}/activate", json={})
    assert (stale.status_code, "billing" in stale.json()["detail"]) == (409, True)
    shutil.rmtree(new.path)
    with engine.begin() as connection:
        connection.execute(text("DELETE FROM label_moves"))
    gone = ops.post(f"/v1/models/{new.version}/activate", json={})
    assert (gone.status_code, gone.json()["type"]) == (409, "/problems/conflict")
    assert _serves(ops) == [old.version]


def test_a_canary_is_begun_watched_and_promoted_into_probation(
    ops: TestClient, engine: Engine, old: Artifact, new: Artifact
) -> None:
    assert ops.get("/v1/models/trial").json() == {"trial": None}
    begun = ops.post(f"/v1/models/{new.version}/try", json={"stage": "canary"}).json()
    assert (begun["stage"], begun["share"], begun["started_by"]) == ("canary", 0.1, "kim")
    again = ops.post(f"/v1/models/{new.version}/try", json={"stage": "shadow"})
    assert (again.status_code, "on trial already" in again.json()["detail"]) == (409, True)
    finding = {"sentence": "Nothing yet.", "worse": 1.0}
    open_ = transaction(engine, trials.current)
    assert open_ is not None
    transaction(engine, lambda c: trials.note(c, open_, finding))
    shown = ops.get("/v1/models/trial").json()["trial"]
    assert (shown["said"], shown["finding"], shown["open"]) == ("Nothing yet.", finding, True)
    body = {"trial": begun["trial"] + 1, "promote": True}
    assert ops.post("/v1/models/trial/end", json=body).status_code == 409
    ended = ops.post("/v1/models/trial/end", json={**body, "trial": begun["trial"]})
    assert ended.json() == {"serves": new.version}
    now = transaction(engine, trials.current)
    assert now is not None
    assert (now.stage, now.against) == (TrialStage.PROBATION, old.version)


@pytest.mark.parametrize(
    "body",
    [
        {"stage": "probation"},
        {"stage": "shadow", "share": 0.1},
        {"stage": "canary", "share": 1},
        {"stage": "canary", "colour": "red"},
    ],
)
def test_a_trial_that_makes_no_sense_is_refused(
    ops: TestClient, old: Artifact, new: Artifact, body: dict[str, Any]
) -> None:
    assert ops.post(f"/v1/models/{new.version}/try", json=body).status_code == 422
