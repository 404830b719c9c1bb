import json
from collections.abc import Iterator
from typing import Any

import pytest
from sqlalchemy import Engine, text
from standardwebhooks import Webhook

from cli.main import main
from tests.factories.delivering import a_relay, an_event, deliver_all
from tests.factories.receivers import Answer, Receiver, receiver


@pytest.fixture(autouse=True)
def _services(postgres_url: str, redis_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("POINTSMAN_DATABASE_URL", postgres_url)
    monkeypatch.setenv("POINTSMAN_REDIS_URL", redis_url)
    monkeypatch.setenv("POINTSMAN_WEBHOOK_HTTP", "true")
    monkeypatch.setenv("POINTSMAN_WEBHOOK_NETWORKS", "127.0.0.0/8")


@pytest.fixture
def hook() -> Iterator[Receiver]:
    with receiver() as made:
        yield made


def test_a_webhook_by_the_command_line_from_its_making_to_a_replay(
    engine: Engine, hook: Receiver, capsys: pytest.CaptureFixture[str]
) -> None:
    def run(*arguments: str) -> dict[str, Any]:
        assert main(["webhooks", *arguments, "--json"]) == 0
        found: dict[str, Any] = json.loads(capsys.readouterr().out.splitlines()[-1])
        return found

    made = run("add", hook.url, "--event", "ticket.routed", "--event", "ticket.routed")
    assert made["events"] == ["ticket.routed"]
    relay = a_relay(engine, retry_s=0)
    run("test", "1")
    deliver_all(relay)
    Webhook(made["secret"]).verify(hook.requests[0].body, hook.requests[0].headers)
    hook.answer = lambda _: Answer(status=500)
    an_event(engine)
    deliver_all(relay)
    (dead,) = run("deliveries", "1", "--state", "dead")["deliveries"]
    assert dead["last_error"] == "answered 500"
    hook.answer = lambda _: Answer()
    assert run("replay", "1")["deliveries"] == 1
    assert run("replay", "1", "--since", "2026-01-01T00:00:00Z")["deliveries"] == 0
    deliver_all(relay)
    assert run("replay", "1", str(dead["id"]))["deliveries"] == 1
    assert run("pause", "1")["state"] == "paused"
    assert run("resume", "1")["state"] == "active"
    assert run("rotate", "1")["secret"] != made["secret"]
    (listed,) = run("list")["webhooks"]
    assert (listed["waiting"], "secret" in listed) == (1, False)
    with engine.connect() as connection:
        actors = connection.execute(text("SELECT action FROM audit_log ORDER BY id")).scalars()
        assert list(actors) == [
            "webhook.added",
            "webhook.tested",
            "webhook.replayed",
            "webhook.replayed",
            "webhook.paused",
            "webhook.resumed",
            "webhook.rotated",
        ]


@pytest.mark.parametrize(
    "arguments",
    [
        ("add", "https://10.0.0.1/", "--event", "ticket.routed"),
        ("add", "https://hooks.example.com/", "--event", "ticket.eaten"),
        ("pause", "7"),
        ("deliveries", "7", "--state", "asleep"),
        ("replay", "7", "--since", "yesterday"),
    ],
)
def test_what_is_wrong_is_told_in_one_line(
    arguments: tuple[str, ...], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["webhooks", *arguments]) == 2
    assert len(capsys.readouterr().err.splitlines()) == 1
