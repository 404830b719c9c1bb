"""Connections over HTTP and by command: who may, what is refused, what is never shown."""

import json
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, text
from starlette.testclient import TestClient

from cli.main import main
from core.types import Role
from tests.factories.callers import Serve, a_secret, bearer
from tests.factories.helpdesks import zammad_payload

_ZAMMAD = {
    "name": "zammad",
    "kind": "zammad",
    "secrets": ["a secret of this webhook"],
    "base_url": "https://help.example.com",
    "token": "sXb1-token",
    "service_user": "99",
    "writes": ["team", "tags", "note"],
}


@pytest.fixture
def ops(client: TestClient, engine: Engine) -> TestClient:
    client.headers.update(bearer(a_secret(engine, Role.OPS)))
    return client


def _said(answer: Any) -> Any:
    assert answer.is_success, answer.text
    return answer.json()


def test_a_connection_is_made_changed_and_removed_and_tells_no_secret(
    ops: TestClient, engine: Engine
) -> None:
    made = ops.post("/v1/connections", json=_ZAMMAD)
    assert (made.status_code, made.json()["intake"]) == (201, "/v1/intake/zammad")
    tag = made.headers["etag"]
    path = "/v1/connections/zammad"
    assert ops.patch(path, json={"teams": {}}).status_code == 428
    changed = ops.patch(path, json={"teams": {"billing": "B"}}, headers={"if-match": tag})
    assert _said(changed)["teams"] == {"billing": "B"}
    late = ops.patch(path, json={"teams": {}}, headers={"if-match": tag})
    assert (late.status_code, late.json()["current"]["teams"]) == (412, {"billing": "B"})
    shown = _said(ops.get("/v1/connections"))
    told = made.text + changed.text + late.text + json.dumps(shown)
    with engine.connect() as connection:
        told += str(connection.execute(text("SELECT * FROM audit_log")).all())
    assert "a secret of" not in told
    assert "sXb1" not in told
    removed = ops.delete(path, headers={"if-match": changed.headers["etag"]})
    assert _said(removed) == {"removed": "zammad"}
    assert ops.get(path).status_code == 404


def test_turning_write_back_on_and_off_lets_decisions_go_there_or_not(
    ops: TestClient, engine: Engine
) -> None:
    def state() -> Any:
        with engine.connect() as connection:
            query = "SELECT state, deleted_at IS NULL FROM webhook_endpoints WHERE kind='helpdesk'"
            return [tuple(row) for row in connection.execute(text(query))]

    path, any_ = "/v1/connections/zammad", {"if-match": "*"}
    _said(ops.post("/v1/connections", json=_ZAMMAD | {"writes": []}))
    assert state() == []
    for change, expected in (
        ({"writes": ["tags"]}, "active"),
        ({"active": False}, "disabled"),
        ({"active": True}, "active"),
        ({"writes": []}, "disabled"),
    ):
        _said(ops.patch(path, json=change, headers=any_))
        assert state() == [(expected, True)]
    _said(ops.delete(path, headers=any_))
    assert state() == [("disabled", False)]


_REFUSED: list[tuple[dict[str, Any], str]] = [
    ({"secrets": []}, "secrets"),
    ({"base_url": "http://help.example.com"}, "base_url"),
    ({"base_url": "https://169.254.169.254"}, "base_url"),
    ({"base_url": None}, "base_url"),
    ({"service_user": None}, "service_user"),
    ({"token": None}, "token"),
    ({"mapping": {"subject": "a["}}, "mapping.subject"),
    ({"mapping": {"colour": "a"}}, "mapping.colour"),
    ({"kind": "standard", "secrets": ["whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"]}, "writes"),
    ({"kind": "standard", "secrets": ["whsec_*** no ***"], "writes": []}, "secrets"),
    ({"kind": "chatwoot"}, "account"),
    ({"kind": "request_tracker"}, "labels_field"),
]


def test_what_could_not_work_is_refused_by_its_field(ops: TestClient) -> None:
    for change, field in _REFUSED:
        answer = ops.post("/v1/connections", json=_ZAMMAD | change)
        assert (answer.status_code, answer.json().get("field")) == (422, field), change


def test_a_sample_shows_what_would_be_found_and_what_is_missing(ops: TestClient) -> None:
    _said(ops.post("/v1/connections", json=_ZAMMAD))
    path = "/v1/connections/zammad/preview"
    shown = _said(ops.post(path, json={"sample": zammad_payload()}))
    assert (shown["outcome"], shown["ticket"]["subject"]) == ("ticket", "Parcel is late")
    assert (shown["team"], "language" in shown["missing"]) == ("Users", True)
    tried = {"sample": {"case": {"no": 3}}, "mapping": {"id": "case.no", "subject": "case.no"}}
    assert _said(ops.post(path, json=tried))["ticket"]["id"] == "3"
    odd = ops.post(path, json={"sample": {}, "mapping": {"id": "abs('x')"}})
    assert (odd.status_code, odd.json()["field"]) == (422, "mapping.id")


def test_agents_and_helpdesks_may_not(serve: Serve, engine: Engine) -> None:
    for role in (Role.AGENT, Role.HELPDESK, Role.APPROVER):
        client = serve()
        headers = bearer(a_secret(engine, role))
        assert client.get("/v1/connections", headers=headers).status_code == 403


def test_the_command_line_does_the_same(
    postgres_url: str,
    redis_url: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setenv("POINTSMAN_DATABASE_URL", postgres_url)
    monkeypatch.setenv("POINTSMAN_REDIS_URL", redis_url)
    wanted, sample = tmp_path / "zammad.yaml", tmp_path / "sample.json"
    wanted.write_text(json.dumps(_ZAMMAD))
    sample.write_text(json.dumps(zammad_payload()))
    for _ in range(2):
        assert main(["connections", "apply", str(wanted)]) == 0
    assert main(["connections", "preview", "zammad", str(sample), "--json"]) == 0
    told = capsys.readouterr().out.splitlines()[-1]
    assert json.loads(told)["ticket"]["subject"] == "Parcel is late"
    assert main(["connections", "list"]) == 0
    assert "sXb1" not in capsys.readouterr().out
    wanted.write_text(json.dumps(_ZAMMAD | {"colour": "red"}))
    assert main(["connections", "apply", str(wanted)]) == 2
    assert main(["connections", "remove", "zammad"]) == 0
    assert main(["connections", "remove", "zammad"]) == 2
