"""Thresholds over HTTP: what a goal would be worth is seen before it counts."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sqlalchemy import Engine, text
from starlette.testclient import TestClient

from core.types import Automation, LabelLevel, Role
from router.operating_points import Curves
from store.engine import transaction
from store.rules.taxonomy import Label, add_labels, labels
from tests.factories.artifacts import LABELS, build_tiny_artifact
from tests.factories.callers import a_secret, bearer
from tests.factories.models import install
from trainer.operating.curves import measure_curves


def _curves() -> Curves:
    """Of `billing` and `login` scores say much, of `refund` nothing, and `shipping` is rare."""
    chance = np.random.default_rng(0)
    scores = chance.beta(0.3, 0.6, (2000, 4))
    truth = (chance.random(scores.shape) < scores).astype(np.uint8)
    truth[:, 2] = chance.random(2000) < 0.2
    truth[:, 3] = np.arange(2000) < 5
    return measure_curves(truth, scores, LABELS)


@pytest.fixture
def model(engine: Engine, tmp_path: Path) -> str:
    artifact = build_tiny_artifact(tmp_path / "model", also=_curves().save)
    install(engine, artifact)
    transaction(engine, lambda c: add_labels(c, [Label(name=name) for name in LABELS]))
    return artifact.version


@pytest.fixture
def ops(client: TestClient, engine: Engine) -> TestClient:
    client.headers.update(bearer(a_secret(engine, Role.OPS, "olga")))
    return client


def _levels(engine: Engine) -> dict[str, LabelLevel]:
    return {label.name: label.level for label in transaction(engine, labels)}


def _preview(ops: TestClient, **wish: Any) -> Any:
    return ops.post("/v1/thresholds/preview", json=wish)


def test_what_was_previewed_is_what_counts_once_it_is_put(
    ops: TestClient, engine: Engine, model: str
) -> None:
    seen = _preview(ops, precision=0.7)
    told = {each["label"]: each for each in seen.json()["labels"]}
    assert (seen.status_code, seen.json()["model"]) == (200, model)
    assert told["billing"]["figures"]["precision"]["low"] >= 0.7
    assert told["refund"]["figures"]["threshold"] is None
    assert told["refund"]["after"]["automation"] == "suggest"
    assert set(_levels(engine).values()) == {LabelLevel()}
    saved = ops.put(
        "/v1/thresholds", json=seen.json()["change"], headers={"if-match": seen.headers["etag"]}
    )
    assert saved.status_code == 200
    assert saved.headers["etag"] != seen.headers["etag"]
    assert _levels(engine)["refund"] == LabelLevel(automation=Automation.SUGGEST)
    billing = next(each for each in saved.json()["labels"] if each["label"] == "billing")
    assert billing["acts_from"] == pytest.approx(told["billing"]["figures"]["threshold"], abs=1e-6)
    assert (billing["measured_on"], billing["stale"]) == (model, False)
    with engine.connect() as connection:
        query = text("SELECT DISTINCT actor FROM audit_log WHERE action = 'label.level_set'")
        assert connection.execute(query).scalars().all() == ["olga"]


def test_thresholds_that_outlive_their_model_are_marked(
    ops: TestClient, engine: Engine, model: str, tmp_path: Path
) -> None:
    seen = _preview(ops, recall=0.8, labels=["login"])
    ops.put("/v1/thresholds", json=seen.json()["change"], headers={"if-match": "*"})
    install(engine, build_tiny_artifact(tmp_path / "next", seed=1))
    found = {each["label"]: each for each in ops.get("/v1/thresholds").json()["labels"]}
    assert (found["login"]["measured_on"], found["login"]["stale"]) == (model, True)
    assert (found["billing"]["measured_on"], found["billing"]["stale"]) == (None, False)
    assert found["login"]["figures"] is None


def test_a_change_made_on_something_else_shows_both(
    ops: TestClient, engine: Engine, model: str
) -> None:
    before = ops.get("/v1/thresholds").headers["etag"]
    change = {"labels": {"login": {"automation": "suggest"}}}
    assert ops.put("/v1/thresholds", json=change).status_code == 428
    first = ops.put("/v1/thresholds", json=change, headers={"if-match": before})
    assert first.status_code == 200
    late = {"labels": {"login": {"automation": "off"}}}
    second = ops.put("/v1/thresholds", json=late, headers={"if-match": before})
    assert (second.status_code, second.headers["etag"]) == (412, first.headers["etag"])
    assert second.json()["current"]["login"]["automation"] == "suggest"
    assert second.json()["yours"]["labels"]["login"]["automation"] == "off"
    assert _levels(engine)["login"].automation is Automation.SUGGEST


@pytest.mark.parametrize(
    "labels_sent",
    [
        {"login": {"preselect_from": 0.8, "auto_from": 0.5}},
        {"login": {"automation": "off"}, "nosuch": {}},
        {"login": {"auto_from": 1.5}},
        {"log\x00in": {}},
        {},
    ],
)
def test_one_wrong_level_changes_nothing(
    ops: TestClient, engine: Engine, model: str, labels_sent: dict[str, Any]
) -> None:
    answer = ops.put("/v1/thresholds", json={"labels": labels_sent}, headers={"if-match": "*"})
    assert (answer.status_code, answer.json()["type"]) == (422, "/problems/invalid")
    assert set(_levels(engine).values()) == {LabelLevel()}


@pytest.mark.parametrize(
    "wish",
    [
        {},
        {"precision": 0.9, "recall": 0.9},
        {"precision": 1},
        {"coverage": 0.8, "labels": ["login"]},
        {"recall": 0.8, "labels": ["nosuch"]},
        {"cost": {"misroute_minutes": 30, "look_minutes": 4, "by_department": {"moon": 9}}},
    ],
)
def test_a_wish_that_makes_no_sense_is_refused(
    ops: TestClient, model: str, wish: dict[str, Any]
) -> None:
    answer = _preview(ops, **wish)
    assert (answer.status_code, answer.json()["type"]) == (422, "/problems/invalid")


def test_minutes_are_previewed_for_a_cost(ops: TestClient, model: str) -> None:
    cost = {"misroute_minutes": 10, "look_minutes": 4}
    told = {each["label"]: each for each in _preview(ops, cost=cost).json()["labels"]}
    assert told["billing"]["figures"]["threshold"] == pytest.approx(0.6)
    assert 0 < told["billing"]["minutes"] < 4


def test_without_a_model_levels_are_told_and_nothing_can_be_previewed(
    ops: TestClient, engine: Engine
) -> None:
    transaction(engine, lambda c: add_labels(c, [Label(name="login")]))
    (only,) = ops.get("/v1/thresholds").json()["labels"]
    assert (only["label"], only["acts_from"], only["figures"]) == ("login", None, None)
    answer = _preview(ops, precision=0.9)
    assert (answer.status_code, answer.json()["type"]) == (409, "/problems/conflict")


def test_agents_see_thresholds_and_do_not_set_them(
    ops: TestClient, engine: Engine, model: str
) -> None:
    agent = bearer(a_secret(engine, Role.AGENT))
    assert ops.get("/v1/thresholds", headers=agent).status_code == 200
    change = {"labels": {"login": {"automation": "off"}}}
    answer = ops.put("/v1/thresholds", json=change, headers={**agent, "if-match": "*"})
    assert answer.status_code == 403
