"""The conformance kit passes against the whole application, and fails where something is wrong."""

import json
from collections.abc import Mapping
from typing import Any

import pytest
from sqlalchemy import Engine
from starlette.testclient import TestClient

from cli.main import main
from core.types import HelpdeskKind
from helpdesks.conformance.checks import run
from tests.factories.callers import web_settings
from web.app import make_app


def test_every_check_passes_and_each_helpdesk_has_some(postgres_url: str, engine: Engine) -> None:
    app = make_app(web_settings(postgres_url, "redis://127.0.0.1:1/0"))

    def deliver(path: str, headers: Mapping[str, str], body: bytes) -> tuple[int, Any]:
        answer = client.post(path, content=body, headers=dict(headers))
        return answer.status_code, answer.json()

    with TestClient(app) as client:
        checks = list(run(engine, deliver))
    assert [check for check in checks if not check.passed] == []
    assert {check.name.partition(":")[0] for check in checks} == {*HelpdeskKind}


def test_an_intake_that_believes_everybody_and_forgets_fails(engine: Engine) -> None:
    answers = iter(range(1_000))
    checks = run(engine, lambda *_: (202, {"outcome": "ticket", "id": next(answers)}))
    told = {check.name: check.passed for check in checks}
    assert not told["zammad: ticket created by mail"]
    assert not told["zendesk: forged is refused"]
    assert told["zammad: a decision arrives whole"]


def test_the_command_tells_how_many_passed(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["conformance", "--json"]) == 0
    told = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert (told["failed"], told["passed"]) == (0, len(told["checks"]))
    assert told["passed"] > 50
