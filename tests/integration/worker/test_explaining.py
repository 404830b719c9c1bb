"""A running worker explains what it decided, to a person at a terminal."""

import json
from typing import Any

import pytest
from sqlalchemy import Connection

from cli.main import main
from core.types import FeedbackKind
from store.engine import transaction
from store.feedback import corrections
from store.feedback.corrections import Feedback
from store.queue.tickets import find
from tests.factories.artifacts import LABELS
from tests.factories.processes import wait_until
from tests.factories.values import a_ticket, tickets
from tests.faults.conftest import System
from tests.integration.worker.conftest import SystemUnder

_RULES = {
    "default_department": "service-desk",
    "rules": [
        {"id": name, "order": n, "when": {"label": name}, "then": {"primary": "billing"}}
        for n, name in enumerate(LABELS)
    ],
}


@pytest.fixture
def system(
    system_under: SystemUnder, postgres_url: str, redis_url: str, monkeypatch: pytest.MonkeyPatch
) -> System:
    """Whoever asks for an explanation waits for as long as it takes, and has the newest."""
    monkeypatch.setenv("POINTSMAN_DATABASE_URL", postgres_url)
    monkeypatch.setenv("POINTSMAN_REDIS_URL", redis_url)
    monkeypatch.setenv("POINTSMAN_EXPLAIN_WAIT_S", "120")
    monkeypatch.setenv("POINTSMAN_EXPLAIN_FRESH_S", "0.001")
    return system_under(_RULES)


def _why(capsys: pytest.CaptureFixture[str], reference: str) -> dict[str, Any]:
    capsys.readouterr()
    assert main(["tickets", "why", reference, "--json"]) == 0
    told: dict[str, Any] = json.loads(capsys.readouterr().out.splitlines()[-1])
    return told


def test_a_worker_explains_and_finds_the_corrected_tickets_that_are_near(
    system: System, capsys: pytest.CaptureFixture[str]
) -> None:
    body = "please refund the charge, cannot login"
    system.sender.send([a_ticket("one", body=body), a_ticket("two", body=body), *tickets(20)])
    system.start_worker()
    system.wait_until_decided()
    told = _why(capsys, "one")
    assert told["explanation"]["state"] == "made"
    assert any(label["phrases"] for label in told["explanation"]["labels"])
    assert told["nearest"] == []

    def correct(connection: Connection) -> None:
        id_ = find(connection, "two")
        assert id_ is not None
        given = Feedback(ticket_id=id_, kind=FeedbackKind.CONFIRMED, agent="ann")
        corrections.give(connection, given)

    transaction(system.engine, correct)
    wait_until(
        lambda: [near["external_id"] for near in _why(capsys, "one")["nearest"]] == ["two"],
        timeout_s=120,
        what="the corrected ticket found",
    )
    assert main(["tickets", "why", "one"]) == 0
    card = capsys.readouterr().out
    assert "What carried its labels" in card
    assert "by ann" in card


def test_what_is_not_decided_cannot_be_explained(
    system: System, capsys: pytest.CaptureFixture[str]
) -> None:
    system.sender.send([a_ticket("waits")])
    assert main(["tickets", "why", "waits"]) == 2
    assert "not decided" in capsys.readouterr().err
    assert main(["tickets", "why", "nobody"]) == 2
