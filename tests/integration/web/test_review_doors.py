"""The review queue over HTTP: nobody holds what somebody else holds, and the resolved stay away."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy import Engine, text
from starlette.testclient import TestClient

from core.types import ReviewReason, Role
from store.decided.decisions import Finished
from store.engine import transaction
from store.feedback.review_items import Wanted
from store.queue.tickets import accept
from store.rules.taxonomy import Label, add_labels
from tests.factories.callers import a_secret, bearer
from tests.factories.deciding import decide_all
from tests.factories.values import tickets

_ITEMS = 10


@pytest.fixture
def ann(client: TestClient, engine: Engine) -> TestClient:
    """An agent, and a queue of ten items of rising uncertainty; each third is of the audit."""
    transaction(engine, lambda c: add_labels(c, [Label(name=x) for x in ("delivery", "refund")]))
    transaction(engine, lambda c: accept(c, tickets(_ITEMS), source="shop"))
    numbers = iter(range(_ITEMS))

    def doubted(entry: Finished) -> Finished:
        n = next(numbers)
        audit = (ReviewReason.AUDIT,) if n % 3 == 2 else ()
        reasons = (ReviewReason.NO_RULE, *audit)
        return replace(entry, review=Wanted(reasons=reasons, uncertainty=n / _ITEMS, due_s=60 + n))

    decide_all(engine, change=doubted)
    client.headers.update(bearer(a_secret(engine, Role.AGENT, "ann")))
    return client


@pytest.fixture
def bob(engine: Engine) -> dict[str, str]:
    return bearer(a_secret(engine, Role.AGENT, "bob"))


def _claim(client: TestClient, headers: dict[str, str] | None = None, **body: Any) -> list[Any]:
    answer = client.post("/v1/review/claim", json=body, headers=headers)
    assert answer.status_code == 200
    found: list[Any] = answer.json()["items"]
    return found


def _names(items: list[Any]) -> list[str]:
    return [item["external_id"] for item in items]


def test_the_list_pages_through_what_waits_and_counts_it(ann: TestClient) -> None:
    seen: list[str] = []
    cursor: dict[str, Any] = {}
    while True:
        page = ann.get("/v1/review", params={"limit": 4, **cursor}).json()
        assert (page["waiting"], page["by_reason"]["audit"]) == (_ITEMS, 3)
        seen += _names(page["items"])
        if page["next"] is None:
            break
        cursor = {"cursor": page["next"]}
    assert seen == [f"t-{n}" for n in range(_ITEMS)]
    audit = ann.get("/v1/review", params={"reason": "audit"}).json()["items"]
    assert _names(audit) == ["t-2", "t-5", "t-8"]


def test_each_order_has_its_own_first(ann: TestClient) -> None:
    assert _names(_claim(ann)) == ["t-0"]
    assert _names(_claim(ann, order="uncertainty")) == ["t-9"]
    assert _names(_claim(ann, order="audit", most=3)) == ["t-2", "t-5", "t-8"]


def test_spread_goes_first_to_the_label_that_was_looked_at_least(
    ann: TestClient, engine: Engine
) -> None:
    with engine.begin() as connection:
        connection.execute(
            text(
                "UPDATE decisions SET labels = '{refund}' WHERE ticket_id IN "
                "(SELECT id FROM tickets WHERE external_id IN ('t-1', 't-2'))"
            )
        )
    # Of `delivery` the most uncertain is looked at, then `refund` has its turn.
    assert _names(_claim(ann, order="spread", most=5)) == ["t-9", "t-2", "t-8", "t-1", "t-7"]


def test_what_somebody_holds_answers_conflict_to_others(
    ann: TestClient, bob: dict[str, str]
) -> None:
    (item,) = _claim(ann, lease_s=300)
    assert (item["claimed_by"], item["labels"]) == ("ann", ["delivery"])
    for call, body in (
        ("claim", {"item": item["id"]}),
        (f"{item['id']}/resolve", {"outcome": "accepted"}),
        (f"{item['id']}/release", None),
        (f"{item['id']}/renew", {}),
    ):
        answer = ann.post(f"/v1/review/{call}", json=body, headers=bob)
        assert (answer.status_code, answer.json()["type"]) == (409, "/problems/conflict")
    mine = ann.get("/v1/review", params={"mine": True})
    assert _names(mine.json()["items"]) == ["t-0"]
    assert ann.get("/v1/review", params={"mine": True}, headers=bob).json()["items"] == []


def test_what_is_given_back_or_held_too_long_is_free_and_what_is_renewed_is_not(
    ann: TestClient, bob: dict[str, str], engine: Engine
) -> None:
    first, second, third = _claim(ann, most=3)
    freed = ann.post(f"/v1/review/{first['id']}/release")
    assert (freed.status_code, freed.json()["claimed_by"]) == (200, None)
    longer = ann.post(f"/v1/review/{second['id']}/renew", json={"lease_s": 3600}).json()
    assert longer["lease_until"] > second["lease_until"]
    with engine.begin() as connection:
        query = "UPDATE review_items SET lease_until = now() - interval '1 s' WHERE id = :id"
        connection.execute(text(query), {"id": third["id"]})
    assert _names(_claim(ann, bob, most=2)) == ["t-0", "t-2"]


def test_resolved_ones_never_come_back_and_say_what_was_meant(
    ann: TestClient, engine: Engine
) -> None:
    one, two, three = _claim(ann, most=3)
    url = "/v1/review/{id}/resolve"
    assert ann.post(url.format(**one), json={"outcome": "accepted"}).status_code == 200
    wrong = ann.post(url.format(**two), json={"outcome": "replaced"})
    assert (wrong.status_code, wrong.json()["field"]) == (422, "labels")
    given = ann.post(url.format(**two), json={"outcome": "replaced", "labels": ["refund"]})
    assert given.json()["feedback_id"]
    assert ann.post(url.format(**three), json={"outcome": "skipped"}).status_code == 200
    again = ann.post(url.format(**one), json={"outcome": "accepted"})
    assert (again.status_code, again.json()["type"]) == (409, "/problems/conflict")
    assert ann.post(url.format(id=10**9), json={"outcome": "skipped"}).status_code == 404
    left = _claim(ann, most=100)
    assert len(left) == _ITEMS - 3
    assert not {item["id"] for item in left} & {one["id"], two["id"], three["id"]}
    assert _claim(ann) == []
    with engine.connect() as connection:
        kinds = connection.execute(text("SELECT kind FROM corrections ORDER BY created_at"))
        assert kinds.scalars().all() == ["confirmed", "wrong_label", "skipped"]


def test_several_are_resolved_at_once_each_with_its_own_outcome(
    ann: TestClient, bob: dict[str, str]
) -> None:
    (others,) = _claim(ann, bob)
    mine, nonsense = _claim(ann, most=2)
    sent = [
        {"item": mine["id"], "outcome": "accepted"},
        {"item": others["id"], "outcome": "accepted"},
        {"item": nonsense["id"], "outcome": "replaced", "labels": ["nonsense"]},
        {"item": 10**9, "outcome": "skipped"},
        {"item": mine["id"], "outcome": "accepted"},
    ]
    answer = ann.post("/v1/review/resolve", json={"items": sent})
    assert (answer.status_code, answer.json()["resolved"], answer.json()["refused"]) == (200, 1, 4)
    problems = [one.get("problem", {}).get("status") for one in answer.json()["items"]]
    assert problems == [None, 409, 422, 404, 409]
    assert ann.get("/v1/review").json()["waiting"] == _ITEMS - 1


def test_two_agents_at_once_never_hold_the_same_one(ann: TestClient, bob: dict[str, str]) -> None:
    def take(n: int) -> list[Any]:
        return _claim(ann, bob if n % 2 else None, most=1 + n % 2)

    with ThreadPoolExecutor(8) as pool:
        taken = [item for found in pool.map(take, range(16)) for item in found]
    assert sorted(item["id"] for item in taken) == sorted({item["id"] for item in taken})
    assert len(taken) == _ITEMS
