from collections.abc import Iterator

import pytest
from sqlalchemy import Engine, text
from standardwebhooks import Webhook
from starlette.testclient import TestClient

from core.types import Role
from tests.factories.callers import Serve, a_secret, bearer
from tests.factories.delivering import a_relay, an_event, deliver_all
from tests.factories.receivers import Answer, Receiver, receiver

_EVENTS = ["ticket.routed", "rules.changed"]


@pytest.fixture
def ops(serve: Serve, engine: Engine) -> TestClient:
    client = serve(webhook_http=True, webhook_networks="127.0.0.0/8")
    client.headers.update(bearer(a_secret(engine, Role.OPS, "ann")))
    return client


@pytest.fixture
def hook() -> Iterator[Receiver]:
    with receiver() as made:
        yield made


def _made(ops: TestClient, url: str) -> dict[str, object]:
    answer = ops.post("/v1/webhooks", json={"url": url, "events": _EVENTS})
    assert answer.status_code == 201, answer.text
    found: dict[str, object] = answer.json()
    return found


def test_a_webhook_is_made_tried_and_told_of_and_its_secret_is_shown_once(
    ops: TestClient, engine: Engine, hook: Receiver
) -> None:
    made = _made(ops, hook.url)
    assert ops.post(f"/v1/webhooks/{made['id']}/test").status_code == 202
    deliver_all(a_relay(engine))
    (request,) = hook.requests
    said = Webhook(str(made["secret"])).verify(request.body, request.headers)
    assert (said["type"], said["data"]["by"]) == ("webhook.test", "ann")
    (listed,) = ops.get("/v1/webhooks").json()["webhooks"]
    assert "secret" not in listed
    assert (listed["delivered"], listed["waiting"], listed["breaker"]) == (1, 0, "closed")
    with engine.connect() as connection:
        logged = connection.execute(text("SELECT detail::text FROM audit_log")).scalars().all()
    assert not any(str(made["secret"]) in detail for detail in logged)


@pytest.mark.parametrize(
    "url",
    [
        "https://10.0.0.1/x",
        "https://[::1]/x",
        "https://169.254.169.254/latest/meta-data",
        "https://ann:secret@hooks.example.com/",
        "ftp://hooks.example.com/",
        "https://",
        "https://hooks.example.com:99999/",
        "hooks.example.com",
        "https://hooks.example.com/a b",
    ],
)
def test_a_url_that_leads_elsewhere_is_refused_with_its_field(ops: TestClient, url: str) -> None:
    answer = ops.post("/v1/webhooks", json={"url": url, "events": _EVENTS})
    assert (answer.status_code, answer.json()["field"]) == (422, "url")
    assert answer.json()["fix"]


def test_a_change_is_made_on_what_was_read(ops: TestClient, hook: Receiver) -> None:
    door = f"/v1/webhooks/{_made(ops, hook.url)['id']}"
    change = {"events": ["model.promoted"], "concurrency": 4}
    assert ops.patch(door, json=change).status_code == 428
    tag = ops.get(door).headers["etag"]
    changed = ops.patch(door, json=change, headers={"if-match": tag})
    assert (changed.status_code, changed.json()["events"]) == (200, ["model.promoted"])
    again = ops.patch(door, json={"concurrency": 1}, headers={"if-match": tag})
    assert again.status_code == 412
    assert (again.json()["current"]["concurrency"], again.json()["yours"]["concurrency"]) == (4, 1)
    unknown = ops.patch(door, json={"events": ["x"]}, headers={"if-match": "*"})
    assert unknown.status_code == 422


def test_what_happens_while_it_is_paused_waits_and_is_gone_when_it_is_deleted(
    ops: TestClient, engine: Engine, hook: Receiver
) -> None:
    door, relay = f"/v1/webhooks/{_made(ops, hook.url)['id']}", a_relay(engine)
    assert ops.post(f"{door}/pause").json()["state"] == "paused"
    assert ops.post(f"{door}/pause").status_code == 409
    an_event(engine)
    deliver_all(relay)
    assert (len(hook.requests), ops.get(door).json()["waiting"]) == (0, 1)
    assert ops.post(f"{door}/resume").json()["why"] == ""
    deliver_all(relay)
    assert len(hook.requests) == 1
    an_event(engine)
    assert ops.delete(door).status_code == 204
    deliver_all(relay)
    assert len(hook.requests) == 1
    assert ops.get(door).status_code == 404
    with engine.connect() as connection:
        kept = connection.execute(text("SELECT secret FROM webhook_endpoints")).scalar()
    assert kept is None


def test_the_log_tells_each_attempt_and_what_was_given_up_is_delivered_again(
    ops: TestClient, engine: Engine, hook: Receiver
) -> None:
    door, relay = f"/v1/webhooks/{_made(ops, hook.url)['id']}", a_relay(engine, retry_s=0)
    event = an_event(engine)
    hook.answer = lambda _: Answer(status=500, body=b"no\x00pe")
    deliver_all(relay)
    page = ops.get(f"{door}/deliveries", params={"state": "dead", "event": "ticket.routed"})
    (found,) = page.json()["deliveries"]
    assert (found["event_id"], found["last_status"]) == (str(event), 500)
    assert not ops.get(f"{door}/deliveries", params={"state": "waiting"}).json()["deliveries"]
    whole = ops.get(f"{door}/deliveries/{found['id']}").json()
    assert [each["answer"] for each in whole["tried"]] == ["no pe"]
    hook.answer = lambda _: Answer()
    period = {"since": "2020-01-01T00:00:00Z"}
    assert ops.post(f"{door}/replay", json=period).json() == {"deliveries": 1}
    deliver_all(relay)
    assert ops.get(f"{door}/deliveries/{found['id']}").json()["state"] == "delivered"
    assert ops.post(f"{door}/deliveries/{found['id']}/replay").status_code == 202
    deliver_all(relay)
    assert hook.ids == [str(event)] * 3
    assert ops.post(f"{door}/deliveries/999/replay").status_code == 404


def test_pages_of_deliveries_follow_one_another(
    ops: TestClient, engine: Engine, hook: Receiver
) -> None:
    door = f"/v1/webhooks/{_made(ops, hook.url)['id']}"
    events = [str(an_event(engine)) for _ in range(5)]
    seen: list[str] = []
    params: dict[str, object] = {"limit": 2}
    while True:
        page = ops.get(f"{door}/deliveries", params=params).json()  # type: ignore[arg-type]
        seen += [each["event_id"] for each in page["deliveries"]]
        if page["next"] is None:
            break
        params["cursor"] = page["next"]
    assert seen == events[::-1]
