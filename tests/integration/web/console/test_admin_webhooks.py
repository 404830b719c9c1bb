from collections.abc import Iterator

import pytest
from selectolax.lexbor import LexborHTMLParser
from sqlalchemy import Engine
from standardwebhooks import Webhook
from starlette.testclient import TestClient

from core.types import Role
from tests.factories.callers import Serve, a_person, sign_in
from tests.factories.delivering import a_relay, an_event, deliver_all
from tests.factories.receivers import Answer, Receiver, receiver


@pytest.fixture
def ops(serve: Serve, engine: Engine) -> TestClient:
    client = serve(webhook_http=True, webhook_networks="127.0.0.0/8")
    a_person(engine, role=Role.OPS)
    client.headers["x-csrf-token"] = sign_in(client)
    return client


@pytest.fixture
def hook() -> Iterator[Receiver]:
    with receiver() as made:
        yield made


def _words(html: str) -> str:
    return " ".join(LexborHTMLParser(html).text(separator=" ").split())


def test_ops_make_a_webhook_see_it_fail_and_send_what_was_given_up_again(
    ops: TestClient, engine: Engine, hook: Receiver
) -> None:
    assert "There is no webhook yet" in _words(ops.get("/admin/webhooks").text)
    form = {"url": hook.url, "events": ["ticket.routed"], "description": "<b>bridge</b>"}
    made = ops.post("/admin/webhooks", data=form)
    assert made.status_code == 200, made.text
    secret = LexborHTMLParser(made.text).css_first("#secret")
    assert secret is not None
    assert "<b>bridge</b>" not in made.text
    event, relay = an_event(engine), a_relay(engine, retry_s=0)
    hook.answer = lambda _: Answer(status=500)
    deliver_all(relay)
    Webhook(secret.text()).verify(hook.requests[0].body, hook.requests[0].headers)
    log = _words(ops.get("/admin/webhooks/1").text)
    assert "ticket.routed" in log
    assert "given up" in log
    assert "answered 500" in log
    hook.answer = lambda _: Answer()
    assert ops.post("/admin/webhooks/1/replay").status_code == 200
    deliver_all(relay)
    assert hook.ids == [str(event)] * 2
    assert ops.post("/admin/webhooks/1/deliveries/1/replay").status_code == 200
    deliver_all(relay)
    assert hook.ids == [str(event)] * 3


def test_each_button_answers_with_the_list(ops: TestClient, hook: Receiver) -> None:
    ops.post("/admin/webhooks", data={"url": hook.url, "events": ["ticket.routed"]})
    said = {}
    for name in ("test", "rotate", "pause", "resume", "delete"):
        answer = ops.post(f"/admin/webhooks/1/{name}")
        assert answer.status_code == 200, (name, answer.text)
        said[name] = _words(answer.text)
    assert "Paused" in said["pause"]
    assert "Active" in said["resume"]
    assert "The secret of webhook 1" in said["rotate"]
    assert "There is no webhook yet" in said["delete"]


def test_a_form_that_is_wrong_is_refused_by_its_field(ops: TestClient) -> None:
    refused = ops.post("/admin/webhooks", data={"url": "https://10.0.0.1/", "events": ["x"]})
    assert refused.status_code == 422
    assert ops.post("/admin/webhooks", data={"url": "https://example.com"}).status_code == 422
