import base64
import json
from concurrent.futures import ThreadPoolExecutor
from uuid import uuid4

import pytest
import redis
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Connection, Engine, text
from starlette.testclient import TestClient

from core.ticket_json import ticket_object
from store.engine import transaction
from store.queue.claims import claim
from tests.factories.callers import a_secret, bearer, web_settings
from tests.factories.deciding import decide_all
from tests.factories.values import a_ticket, tickets
from web.app import make_app

_ONE = ticket_object(a_ticket())


def _count(engine: Engine, table: str) -> int:
    with engine.connect() as connection:
        return int(connection.execute(text(f"SELECT count(*) FROM {table}")).scalar_one())


def test_one_ticket_is_stored_under_the_name_of_the_token(shop: TestClient, engine: Engine) -> None:
    answer = shop.post("/v1/tickets", json=_ONE)
    assert answer.status_code == 202
    assert answer.json() == {
        "outcome": "created",
        "id": answer.json()["id"],
        "external_id": "t-1",
        "revision": 1,
    }
    with engine.connect() as connection:
        row = connection.execute(text("SELECT id::text, source, state FROM tickets")).one()
    assert tuple(row) == (answer.json()["id"], "shop", "accepted")


def test_each_of_several_has_its_own_outcome(shop: TestClient, engine: Engine) -> None:
    shop.post("/v1/tickets", json=_ONE)
    sent = [
        _ONE,
        {**_ONE, "body": "Changed"},
        {**_ONE, "id": "t-2"},
        {**_ONE, "id": "t-3", "colour": "red"},
        "no ticket",
    ]
    answer = shop.post("/v1/tickets", json={"tickets": sent})
    outcomes = [entry["outcome"] for entry in answer.json()["tickets"]]
    assert answer.status_code == 202
    assert outcomes == ["duplicate", "revised", "created", "refused", "refused"]
    assert (answer.json()["accepted"], answer.json()["refused"]) == (3, 2)
    assert answer.json()["tickets"][3]["problem"]["field"] == "colour"
    assert _count(engine, "tickets") == 2


def test_a_thousand_tickets_go_in_at_once_and_one_more_does_not(
    shop: TestClient, engine: Engine
) -> None:
    many = [ticket_object(ticket) for ticket in tickets(1_001)]
    assert shop.post("/v1/tickets", json={"tickets": many[:1_000]}).json()["accepted"] == 1_000
    answer = shop.post("/v1/tickets", json={"tickets": many})
    assert (answer.status_code, answer.json()["field"]) == (422, "tickets")
    assert _count(engine, "tickets") == 1_000


@pytest.mark.parametrize(
    ("body", "field"),
    [
        (b"{", "body"),
        (b"\xff", "body"),
        (b"[]", "ticket"),
        (b'{"tickets": []}', "tickets"),
        (b'{"tickets": [], "source": "x"}', "source"),
        (json.dumps({**_ONE, "priority": 3}).encode(), "priority"),
        (json.dumps({**_ONE, "deadline": "soon"}).encode(), "deadline"),
    ],
)
def test_a_body_that_is_wrong_is_refused_with_its_field(
    shop: TestClient, body: bytes, field: str
) -> None:
    answer = shop.post("/v1/tickets", content=body)
    assert answer.status_code == 422
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["type"] == "/problems/invalid"
    assert answer.json()["field"] == field
    assert answer.json()["fix"]


def test_a_given_source_is_the_natural_keys(shop: TestClient) -> None:
    one = shop.post("/v1/tickets", json=_ONE).json()
    other = shop.post("/v1/tickets", params={"source": "forum"}, json=_ONE).json()
    assert (other["outcome"], other["id"] == one["id"]) == ("created", False)


def test_the_same_request_under_a_key_gets_the_answer_that_was_kept(shop: TestClient) -> None:
    key = {"idempotency-key": "k-1"}
    first = shop.post("/v1/tickets", json=_ONE, headers=key)
    again = shop.post("/v1/tickets", json=_ONE, headers=key)
    assert (again.status_code, again.json()) == (202, first.json())
    assert first.json()["outcome"] == "created"
    assert "idempotency-replayed" not in first.headers
    assert again.headers["idempotency-replayed"] == "true"


def test_another_request_under_a_key_is_refused_and_stores_nothing(
    shop: TestClient, engine: Engine
) -> None:
    key = {"idempotency-key": "k-1"}
    shop.post("/v1/tickets", json=_ONE, headers=key)
    answer = shop.post("/v1/tickets", json={**_ONE, "id": "t-2"}, headers=key)
    assert answer.status_code == 409
    assert answer.json()["type"] == "/problems/idempotency-key-reused"
    assert _count(engine, "tickets") == 1


def test_callers_do_not_share_keys(shop: TestClient, engine: Engine) -> None:
    key = {"idempotency-key": "k-1"}
    shop.post("/v1/tickets", json=_ONE, headers=key)
    other = key | bearer(a_secret(engine, name="forum"))
    answer = shop.post("/v1/tickets", json={**_ONE, "body": "Other"}, headers=other)
    assert (answer.status_code, answer.json()["outcome"]) == (202, "created")


def test_ten_deliveries_at_once_are_one_ticket_with_one_answer_and_one_decision(
    shop: TestClient, engine: Engine
) -> None:
    key = {"idempotency-key": "k-1"}
    with ThreadPoolExecutor(10) as pool:
        answers = list(
            pool.map(lambda _: shop.post("/v1/tickets", json=_ONE, headers=key), range(10))
        )
    assert {answer.status_code for answer in answers} == {202}
    assert {answer.text for answer in answers} == {answers[0].text}
    assert answers[0].json()["outcome"] == "created"
    decide_all(engine)
    decide_all(engine)
    tables = ("tickets", "decisions", "outbox", "idempotency_keys")
    assert [_count(engine, table) for table in tables] == [1, 1, 1, 1]


@settings(
    max_examples=15, suppress_health_check=[HealthCheck.function_scoped_fixture], derandomize=True
)
@given(order=st.lists(st.integers(0, 2), min_size=1, max_size=8))
def test_deliveries_in_any_order_and_number_are_one_ticket_whose_last_content_stands(
    shop: TestClient, engine: Engine, order: list[int]
) -> None:
    case = str(uuid4())
    for version in order:
        body = {**_ONE, "id": case, "body": f"Version {version}"}
        headers = {"idempotency-key": f"{case}-{version}"} if version == 0 else {}
        assert shop.post("/v1/tickets", json=body, headers=headers).status_code == 202
    decide_all(engine)
    found = shop.get("/v1/tickets", params={"source": "shop", "external_id": case}).json()
    (line,) = found["tickets"]
    record = shop.get(f"/v1/tickets/{line['id']}").json()
    first = order.index(0) if 0 in order else None
    counted = [v for place, v in enumerate(order) if v != 0 or place == first]
    assert record["ticket"]["body"] == f"Version {counted[-1]}"
    changes = [v for n, v in enumerate(counted) if n == 0 or counted[n - 1] != v]
    assert record["revision"] == len(changes)
    with engine.connect() as connection:
        query = text("SELECT count(*) FROM decisions WHERE ticket_id = CAST(:id AS uuid)")
        assert connection.execute(query, {"id": line["id"]}).scalar() == 1


def test_workers_are_told_of_stored_tickets(
    shop: TestClient, redis_url: str, engine: Engine
) -> None:
    id_ = shop.post("/v1/tickets", json=_ONE).json()["id"]
    with redis.Redis.from_url(redis_url) as broker:
        told = broker.blpop(["tickets"], timeout=10)
    assert told is not None
    assert id_ in base64.b64decode(json.loads(told[1])["body"]).decode()


def test_tickets_are_accepted_without_redis(postgres_url: str, engine: Engine) -> None:
    app = make_app(web_settings(postgres_url, "redis://127.0.0.1:1/0"))
    with TestClient(app, headers=bearer(a_secret(engine))) as client:
        assert client.post("/v1/tickets", json=_ONE).status_code == 202
    assert _count(engine, "tickets") == 1


def test_a_body_over_the_limit_is_refused_however_it_is_sent(
    postgres_url: str, redis_url: str, engine: Engine
) -> None:
    app = make_app(web_settings(postgres_url, redis_url, http_body_bytes=2_000))
    with TestClient(app, headers=bearer(a_secret(engine))) as client:
        whole = client.post("/v1/tickets", content=b"x" * 2_001)
        parts = client.post("/v1/tickets", content=iter([b"x" * 1_500] * 2))
        right = client.post("/v1/tickets", json=_ONE)
    for answer in (whole, parts):
        assert (answer.status_code, answer.json()["type"]) == (413, "/problems/too-large")
    assert right.status_code == 202


def test_a_near_deadline_overtakes_a_backlog(shop: TestClient, engine: Engine) -> None:
    shop.post("/v1/tickets", json={"tickets": [ticket_object(t) for t in tickets(50)]})
    late = {**_ONE, "id": "late", "deadline": "2020-01-01T00:00:00Z"}
    urgent = {**_ONE, "id": "urgent", "priority": "Urgent"}
    shop.post("/v1/tickets", json={"tickets": [urgent, late]})
    assert _claimed(engine, 3)[:2] == ["late", "urgent"]


def _claimed(engine: Engine, most: int) -> list[str]:
    """Ids of the tickets that are claimed one by one."""

    def work(connection: Connection) -> list[str]:
        claims = [claim(connection, worker=1, most=1, lease_s=30) for _ in range(most)]
        return [one.ticket.id for (one,) in claims]

    return transaction(engine, work)
