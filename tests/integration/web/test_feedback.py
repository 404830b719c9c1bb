"""What people say of decisions: once each, the last said stands, in whatever order it arrives."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Engine, text
from starlette.testclient import TestClient

from core.ticket_json import ticket_object
from core.types import Role
from store.engine import transaction
from store.feedback import corrections
from store.rules.taxonomy import Department, Label, add_departments, add_labels
from tests.factories.callers import a_secret, bearer, web_settings
from tests.factories.deciding import decide_all
from tests.factories.values import a_ticket
from web.app import make_app

Say = Callable[..., Any]
_NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


@pytest.fixture
def words(engine: Engine) -> None:
    labels = [Label(name=name) for name in ("delivery", "refund")]
    transaction(engine, lambda c: add_labels(c, labels))
    departments = [Department(name=name) for name in ("orders", "billing")]
    transaction(engine, lambda c: add_departments(c, departments))


@pytest.fixture
def ticket(shop: TestClient, engine: Engine, words: None) -> str:
    """Decided for `orders` with the label `delivery`."""
    return _decided(shop, engine, "t-1")


def _decided(shop: TestClient, engine: Engine, id_: str) -> str:
    sent = shop.post("/v1/tickets", json=ticket_object(a_ticket(id_)))
    decide_all(engine)
    return str(sent.json()["id"])


@pytest.fixture
def say(shop: TestClient, ticket: str) -> Say:
    def say(**body: Any) -> Any:
        return shop.post(f"/v1/tickets/{ticket}/feedback", json=body)

    return say


def _history(client: TestClient, ticket: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = client.get(f"/v1/tickets/{ticket}/feedback").json()["feedback"]
    return found


def _training(engine: Engine) -> dict[UUID, tuple[str, ...]]:
    found = transaction(engine, lambda c: list(corrections.standing_label_feedback(c)))
    return {item.ticket_id: item.labels for item in found}


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        ({"outcome": "accepted"}, "confirmed"),
        ({"outcome": "replaced", "labels": ["refund"]}, "wrong_label"),
        ({"outcome": "replaced", "labels": []}, "wrong_label"),
        ({"outcome": "replaced", "department": "billing"}, "wrong_route"),
        (
            {"outcome": "replaced", "kind": "moved_for_load", "department": "billing"},
            "moved_for_load",
        ),
        ({"outcome": "skipped"}, "skipped"),
        ({"final": True, "labels": ["delivery"]}, "confirmed"),
        ({"final": True, "labels": ["delivery"], "department": "orders"}, "confirmed"),
        ({"final": True, "labels": ["delivery"], "department": "billing"}, "wrong_route"),
        ({"final": True, "labels": ["refund"], "department": "billing"}, "wrong_label"),
    ],
)
def test_each_outcome_is_kept_as_what_it_means(
    say: Say, shop: TestClient, ticket: str, body: dict[str, Any], kind: str
) -> None:
    answer = say(**body)
    assert (answer.status_code, answer.json()["outcome"]) == (200, "stored")
    assert answer.json()["kind"] == kind
    (entry,) = _history(shop, ticket)
    assert (entry["kind"], entry["agent"], entry["final"]) == (kind, "shop", "final" in body)


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "outcome"),
        ({"outcome": "replaced"}, "labels"),
        ({"outcome": "accepted", "labels": ["refund"]}, "labels"),
        ({"outcome": "accepted", "kind": "wrong_label"}, "kind"),
        ({"outcome": "replaced", "labels": ["nonsense"]}, "labels"),
        ({"outcome": "replaced", "department": "moon"}, "department"),
        ({"outcome": "accepted", "revision": 2}, "revision"),
        ({"outcome": "accepted", "given_at": "2199-01-01T00:00:00Z"}, "given_at"),
        ({"outcome": "accepted", "given_at": "0001-01-01T00:00:00+14:00"}, "given_at"),
        ({"outcome": "accepted", "given_at": "9999-12-31T23:59:59-14:00"}, "given_at"),
        ({"outcome": "accepted", "mood": "bad"}, "mood"),
    ],
)
def test_what_makes_no_sense_is_refused_with_its_field(
    say: Say, shop: TestClient, ticket: str, body: dict[str, Any], field: str
) -> None:
    answer = say(**body)
    assert (answer.status_code, answer.json()["field"]) == (422, field)
    assert _history(shop, ticket) == []


def test_a_ticket_that_is_not_here_is_told_and_nothing_is_kept(
    shop: TestClient, engine: Engine
) -> None:
    for call in ("post", "get"):
        more = {"json": {"outcome": "accepted"}} if call == "post" else {}
        answer = getattr(shop, call)(f"/v1/tickets/{uuid4()}/feedback", **more)
        assert (answer.status_code, answer.json()["type"]) == (404, "/problems/not-found")
    assert _training(engine) == {}


@pytest.mark.parametrize("by", ["header", "external_id"])
def test_ten_deliveries_at_once_are_one_entry(
    say: Say, shop: TestClient, ticket: str, by: str
) -> None:
    body = {"outcome": "replaced", "labels": ["refund"]}
    headers = {"idempotency-key": "k-1"} if by == "header" else {}
    sent = body if by == "header" else {**body, "external_id": "audit-7"}
    url = f"/v1/tickets/{ticket}/feedback"
    with ThreadPoolExecutor(10) as pool:
        answers = list(pool.map(lambda _: shop.post(url, json=sent, headers=headers), range(10)))
    assert {answer.status_code for answer in answers} == {200}
    assert len({answer.json()["id"] for answer in answers}) == 1
    assert len(_history(shop, ticket)) == 1


def test_a_key_stands_for_one_thing_and_for_each_sender_for_another(
    say: Say, shop: TestClient, ticket: str, engine: Engine
) -> None:
    assert say(outcome="accepted", external_id="7").json()["outcome"] == "stored"
    assert say(outcome="accepted", external_id="7").json()["outcome"] == "duplicate"
    other = say(outcome="skipped", external_id="7")
    assert (other.status_code, other.json()["type"]) == (409, "/problems/conflict")
    forum = bearer(a_secret(engine, name="forum"))
    url = f"/v1/tickets/{ticket}/feedback"
    answer = shop.post(url, json={"outcome": "skipped", "external_id": "7"}, headers=forum)
    assert answer.json()["outcome"] == "stored"


def test_what_is_taken_back_is_kept_and_lets_the_word_before_stand(
    say: Say, shop: TestClient, ticket: str, engine: Engine
) -> None:
    first = say(outcome="replaced", labels=["refund"]).json()["id"]
    second = say(outcome="replaced", labels=[], external_id="7").json()["id"]
    url = f"/v1/tickets/{ticket}/feedback/{second}"
    answer = shop.delete(url)
    assert answer.status_code == 200
    assert [(e["id"], e["stands_for"]) for e in answer.json()["feedback"]] == [
        (second, []),
        (first, ["labels"]),
    ]
    assert answer.json()["feedback"][0]["withdrawn_by"] == "shop"
    assert shop.delete(url).json()["type"] == "/problems/conflict"
    assert shop.delete(f"/v1/tickets/{ticket}/feedback/{uuid4()}").status_code == 404
    # A late delivery of what was taken back does not bring it back.
    assert say(outcome="replaced", labels=[], external_id="7").json()["outcome"] == "duplicate"
    assert _training(engine) == {UUID(ticket): ("refund",)}
    with engine.connect() as connection:
        query = text("SELECT actor FROM audit_log WHERE action = 'feedback.withdrawn'")
        assert connection.execute(query).scalars().all() == ["shop"]


def test_only_a_helpdesk_speaks_for_others(
    say: Say, shop: TestClient, ticket: str, engine: Engine
) -> None:
    assert say(outcome="accepted", agent="anna").status_code == 200
    url, agent = f"/v1/tickets/{ticket}/feedback", bearer(a_secret(engine, Role.AGENT, "ann"))
    refused = shop.post(url, json={"outcome": "accepted", "agent": "bob"}, headers=agent)
    assert (refused.status_code, refused.json()["field"]) == (422, "agent")
    assert shop.post(url, json={"outcome": "accepted"}, headers=agent).status_code == 200
    assert [entry["agent"] for entry in _history(shop, ticket)] == ["ann", "anna"]


def test_what_our_own_user_writes_never_counts(
    postgres_url: str, redis_url: str, shop: TestClient, ticket: str, engine: Engine
) -> None:
    app = make_app(web_settings(postgres_url, redis_url, service_users="bot, pointsman"))
    body = {"outcome": "replaced", "labels": ["refund"], "agent": "pointsman"}
    with TestClient(app, headers=dict(shop.headers)) as client:
        answer = client.post(f"/v1/tickets/{ticket}/feedback", json=body)
    assert answer.json() == {"outcome": "ignored", "id": None, "kind": None}
    assert (_history(shop, ticket), _training(engine)) == ([], {})


def test_the_last_close_stands_after_reopening(say: Say, engine: Engine, ticket: str) -> None:
    def close(hour: int, labels: list[str]) -> None:
        moment = (_NOON + timedelta(hours=hour)).isoformat()
        say(final=True, labels=labels, given_at=moment, external_id=f"close-{hour}")

    close(5, ["refund", "delivery"])
    close(1, ["refund"])  # heard of late
    assert _training(engine) == {UUID(ticket): ("delivery", "refund")}


_WORDS = st.lists(
    st.tuples(
        st.integers(0, 3),  # hours, some of them the same
        st.sampled_from(
            [
                {"outcome": "accepted"},
                {"outcome": "replaced", "labels": ["refund"]},
                {"outcome": "replaced", "labels": []},
                {"outcome": "replaced", "department": "billing"},
                {"outcome": "skipped"},
            ]
        ),
    ),
    min_size=1,
    max_size=4,
)


@settings(
    max_examples=12, suppress_health_check=[HealthCheck.function_scoped_fixture], derandomize=True
)
@given(words=_WORDS, data=st.data())
def test_any_order_and_number_of_deliveries_comes_to_the_same(
    shop: TestClient,
    engine: Engine,
    ticket: str,
    words: list[tuple[int, dict[str, Any]]],
    data: st.DataObject,
) -> None:
    told = [
        {**body, "external_id": f"e-{n}", "given_at": (_NOON + timedelta(hours=hour)).isoformat()}
        for n, (hour, body) in enumerate(words)
    ]
    order = data.draw(st.permutations(told))
    again = data.draw(st.lists(st.sampled_from(told), max_size=3))
    found = []
    for deliveries in (told, [*order, *again]):
        with engine.begin() as connection:
            connection.execute(text("TRUNCATE corrections CASCADE"))
        for body in deliveries:
            assert shop.post(f"/v1/tickets/{ticket}/feedback", json=body).status_code == 200
        entries = _history(shop, ticket)
        found.append(
            (
                [(e["kind"], e["labels"], e["given_at"], e["stands_for"]) for e in entries],
                [e["id"] for e in entries],
                _training(engine),
            )
        )
    assert found[0] == found[1]
    assert len(found[0][0]) == len(told)
