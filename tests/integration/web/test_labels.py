"""Labels over HTTP: what they have and need, edited, moved with their rules and model."""

import threading
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Connection, Engine, text
from starlette.testclient import TestClient

from classifier.artifacts import Artifact
from core.ticket_json import ticket_object
from core.types import Automation, Role, Ticket
from store.engine import transaction
from store.models import model_versions
from store.queue.tickets import import_labelled
from store.rules import rulesets, taxonomy
from store.rules.taxonomy import Department, Label
from tests.factories.artifacts import LABELS, build_tiny_artifact
from tests.factories.callers import a_secret, bearer
from tests.factories.labelled import labelled_rows
from tests.factories.models import install
from tests.factories.values import a_ticket
from trainer.labels.relabelling import Workshop
from trainer.labels.requests import LabelRequests

_RULES = {
    "default_department": "service-desk",
    "rules": [
        {"id": "money", "order": 1, "when": {"label": "refund"}, "then": {"primary": "billing"}}
    ],
}


@pytest.fixture
def ops(client: TestClient, engine: Engine) -> TestClient:
    """Four labels, one with a rule, and 40 labelled tickets."""
    rows = [Ticket(**row) for row in labelled_rows(40, seed=3)]  # type: ignore[arg-type]

    def work(connection: Connection) -> None:
        taxonomy.add_labels(connection, [Label(name=name) for name in LABELS])
        departments = [Department(name="billing"), Department(name="service-desk")]
        taxonomy.add_departments(connection, departments)
        rulesets.save(connection, _RULES, author="ops", note="")
        import_labelled(connection, rows, source="history")

    transaction(engine, work)
    client.headers.update(bearer(a_secret(engine, Role.OPS, "olga")))
    return client


@pytest.fixture
def served(ops: TestClient, engine: Engine, tmp_path: Path) -> Artifact:
    made = build_tiny_artifact(tmp_path / "artifact")
    install(engine, made)
    return made


@pytest.fixture
def trainer(engine: Engine, tmp_path: Path) -> LabelRequests:
    workshop = Workshop(models=tmp_path / "models", background=30)
    return LabelRequests(engine, workshop, interval_s=1, stopping=threading.Event())


def _labels(ops: TestClient) -> dict[str, Any]:
    return {each["label"]: each for each in ops.get("/v1/labels").json()["labels"]}


def _rule_labels(engine: Engine) -> str:
    return str(transaction(engine, rulesets.active))


def test_each_label_tells_what_it_has_and_what_it_needs(ops: TestClient, engine: Engine) -> None:
    transaction(engine, lambda c: taxonomy.add_labels(c, [Label(name="odd")]))
    found = _labels(ops)
    assert (found["odd"]["tickets"], found["odd"]["needs"]) == (0, 4)
    assert (found["refund"]["needs"], found["refund"]["threshold"]) == (0, None)
    one = ops.get("/v1/labels/refund")
    assert (one.status_code, one.json()) == (200, found["refund"])
    assert ops.get("/v1/labels/nosuch").status_code == 404


def test_a_label_is_edited_on_what_was_read_of_it(ops: TestClient, engine: Engine) -> None:
    etag = ops.get("/v1/labels/refund").headers["etag"]
    body = {"guidelines": "Not for vouchers.\x00", "level": {"automation": "suggest"}}
    assert ops.patch("/v1/labels/refund", json=body).status_code == 428
    saved = ops.patch("/v1/labels/refund", json=body, headers={"if-match": etag})
    assert (saved.status_code, saved.json()["guidelines"]) == (200, "Not for vouchers.\ufffd")
    assert (saved.json()["level"]["automation"], saved.json()["description"]) == ("suggest", "")
    late = ops.patch("/v1/labels/refund", json={"description": "x"}, headers={"if-match": etag})
    assert (late.status_code, late.json()["yours"]["description"]) == (412, "x")
    assert late.json()["current"]["guidelines"].startswith("Not for")
    with engine.connect() as connection:
        query = text("SELECT action FROM audit_log WHERE actor = 'olga' ORDER BY id")
        assert connection.execute(query).scalars().all() == ["label.described", "label.level_set"]


def test_examples_are_kept_to_learn_from(ops: TestClient) -> None:
    before = _labels(ops)["refund"]["tickets"]
    example = ticket_object(a_ticket("e-1", body="Money back please"))
    answer = ops.patch("/v1/labels/refund", json={"examples": [example]}, headers={"if-match": "*"})
    assert (answer.status_code, answer.json()["tickets"]) == (200, before + 1)


def test_an_example_that_json_or_postgres_would_refuse_is_refused_or_cleaned(
    ops: TestClient,
) -> None:
    def sent(metadata: str) -> Any:
        words = r'"id": "e", "subject": "\u0000", "body": "b"'
        example = f'{{{words}, "metadata": {{"x": {metadata}}}}}'
        return ops.patch(
            "/v1/labels/refund",
            content=f'{{"examples": [{example}]}}',
            headers={"if-match": "*", "content-type": "application/json"},
        )

    assert sent("NaN").status_code == 422
    assert sent(r'"\ud800"').status_code == 200


def test_a_dry_run_shows_what_is_touched_and_changes_nothing(
    ops: TestClient, engine: Engine, served: Artifact
) -> None:
    before = (_labels(ops), _rule_labels(engine))
    body = {"to": "money-back", "dry_run": True}
    answer = ops.post("/v1/labels/refund/rename", json=body)
    assert (answer.status_code, answer.json()["state"]) == (200, "dry_run")
    touched = answer.json()["touched"]
    assert (touched["rules"], touched["serving"]) == (["money"], served.version)
    assert touched["tickets"] == before[0]["refund"]["tickets"]
    assert (_labels(ops), _rule_labels(engine)) == before


def test_without_a_model_a_change_is_made_at_once(ops: TestClient, engine: Engine) -> None:
    answer = ops.post("/v1/labels/refund/rename", json={"to": "money-back"})
    assert (answer.status_code, answer.json()["state"]) == (200, "done")
    assert {"money-back"} == _labels(ops).keys() - {*LABELS}
    assert "money-back" in _rule_labels(engine)


def test_a_change_that_needs_another_model_is_made_by_a_trainer(
    ops: TestClient, engine: Engine, served: Artifact, trainer: LabelRequests
) -> None:
    asked = ops.post("/v1/labels/login/merge", json={"labels": ["billing"], "into": "account"})
    assert (asked.status_code, asked.json()["state"]) == (202, "queued")
    url = f"/v1/labels/changes/{asked.json()['request']}"
    assert ops.get(url).json()["state"] == "queued"
    second = ops.post("/v1/labels/refund/rename", json={"to": "money-back"})
    assert (second.status_code, second.json()["type"]) == (409, "/problems/conflict")
    assert trainer.look()
    done = ops.get(url).json()
    assert (done["state"], done["error"]) == ("succeeded", None)
    active = transaction(engine, model_versions.active)
    assert active is not None
    assert active.version == done["model_version"] != served.version
    assert _labels(ops).keys() == {"account", "refund", "shipping"}
    assert not trainer.look()


def test_a_change_whose_ground_has_moved_is_refused_by_the_trainer(
    ops: TestClient, engine: Engine, served: Artifact, trainer: LabelRequests
) -> None:
    asked = ops.post("/v1/labels/refund/rename", json={"to": "money-back"}).json()
    transaction(engine, lambda c: rulesets.save(c, _RULES, author="ann", note="meanwhile"))
    assert trainer.look()
    found = ops.get(f"/v1/labels/changes/{asked['request']}").json()
    assert found["state"] == "failed"
    assert "changed since" in found["error"]
    assert _labels(ops).keys() == {*LABELS}


def test_examples_of_a_change_are_forgotten_once_it_is_made(
    ops: TestClient, engine: Engine, served: Artifact, trainer: LabelRequests
) -> None:
    words = [ticket_object(a_ticket(f"e-{n}", body=f"Secret {n} order late")) for n in range(4)]
    body = {"label": "outage", "description": "Nothing works", "examples": words}
    assert ops.post("/v1/labels", json=body).status_code == 202

    def kept() -> str:
        with engine.connect() as connection:
            return str(connection.execute(text("SELECT wanted FROM label_requests")).scalar())

    assert "Secret" in kept()
    assert trainer.look()
    assert "Secret" not in kept()
    assert _labels(ops)["outage"]["tickets"] == 4


@pytest.mark.parametrize(
    ("given", "level"),
    [
        ({"description": "Nothing works"}, "suggest"),
        ({"description": "Nothing works", "automation": "auto"}, "auto"),
        ({"examples": [ticket_object(a_ticket("e-1"))]}, "auto"),
    ],
)
def test_a_label_added_without_tickets_is_only_suggested(
    ops: TestClient, engine: Engine, given: dict[str, Any], level: str
) -> None:
    assert ops.post("/v1/labels", json={"label": "outage", **given}).status_code == 200
    added = {label.name: label for label in transaction(engine, taxonomy.labels)}["outage"]
    assert added.level.automation is Automation(level)


@pytest.mark.parametrize(
    ("path", "body", "status", "field"),
    [
        ("", {"label": "outage"}, 422, "description"),
        ("", {"label": " outage", "description": "x"}, 422, "label"),
        ("/nosuch/rename", {"to": "x"}, 404, None),
        ("/refund/rename", {"to": "login"}, 422, "label"),
        ("/refund/split", {"into": ["a", "a"]}, 422, "body"),
        ("/refund/split", {"into": ["a", "b"], "descriptions": {"c": "x"}}, 422, "description"),
        ("/refund/retire", {}, 422, "refund"),
        ("/%00/retire", {}, 404, None),
        (
            "/login/split",
            {"into": ["a", "b"], "examples": [ticket_object(a_ticket("e-1"))]},
            422,
            "examples.0.labels",
        ),
    ],
)
def test_what_cannot_be_changed_so_is_told_with_its_field(
    ops: TestClient, path: str, body: dict[str, Any], status: int, field: str | None
) -> None:
    answer = ops.post(f"/v1/labels{path}", json=body)
    assert (answer.status_code, answer.json().get("field")) == (status, field)
    assert _labels(ops).keys() == {*LABELS}
