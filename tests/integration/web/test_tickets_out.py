from collections.abc import Iterator
from typing import Any

import pytest
from sqlalchemy import Engine, text
from starlette.testclient import TestClient

from core.types import TicketState
from store.engine import transaction
from store.queue.tickets import accept
from tests.factories.deciding import decide_all
from tests.factories.values import a_ticket, tickets


def _accept(engine: Engine, *sent: Any, source: str = "shop") -> list[str]:
    stored = transaction(engine, lambda c: accept(c, sent, source=source))
    return [str(entry.id) for entry in stored]


def _pages(client: TestClient, **query: Any) -> Iterator[list[str]]:
    cursor: dict[str, str] = {}
    while True:
        page = client.get("/v1/tickets", params={**query, **cursor}).json()
        yield [line["external_id"] for line in page["tickets"]]
        if page["next"] is None:
            return
        cursor = {"cursor": page["next"]}


def _all(client: TestClient, **query: Any) -> list[str]:
    return [id_ for page in _pages(client, **query) for id_ in page]


def test_a_record_tells_what_happened_in_order(shop: TestClient, engine: Engine) -> None:
    (id_,) = _accept(engine, a_ticket(deadline=None))
    decide_all(engine)
    record = shop.get(f"/v1/tickets/{id_}").json()
    assert record["state"] == "decided"
    assert record["decision"]["primary_department"] == "orders"
    assert record["decision"]["scores"] == {"delivery": 0.9, "refund": 0.1}
    assert record["decision"]["model_version"] == "m"
    assert record["ticket"]["body"] == a_ticket().body
    what = [entry["what"] for entry in record["timeline"]]
    assert what[0] == "received"
    assert sorted(what[1:]) == ["decided", "ticket.routed"]


def test_a_ticket_that_is_not_there_is_not_found(shop: TestClient) -> None:
    answer = shop.get("/v1/tickets/0198c0de-1f2e-7a3b-8c4d-5e6f70819203")
    assert (answer.status_code, answer.json()["type"]) == (404, "/problems/not-found")
    assert shop.get("/v1/tickets/t-1").status_code == 422


def test_pages_hold_every_ticket_once_newest_first_while_more_come(
    shop: TestClient, engine: Engine
) -> None:
    for ticket in tickets(7):
        _accept(engine, ticket)
    pages = _pages(shop, limit=3)
    first = next(pages)
    _accept(engine, *tickets(2, prefix="later"))
    rest = [id_ for page in pages for id_ in page]
    assert first + rest == [f"t-{n}" for n in range(6, -1, -1)]


def test_filters_keep_what_fits_all_of_them(shop: TestClient, engine: Engine) -> None:
    _accept(engine, a_ticket("en", language="en"), a_ticket("de", language="de"))
    decide_all(engine)
    _accept(engine, a_ticket("new", language="en"), source="forum")
    assert _all(shop, state="accepted") == ["new"]
    assert _all(shop, label="delivery", language="de") == ["de"]
    assert _all(shop, department="orders", source="shop", language="en") == ["en"]
    assert _all(shop, model_version="m", label="refund") == []
    assert _all(shop, source="forum", external_id="new") == ["new"]
    assert _all(shop, source="shop", external_id="new") == []
    assert len(_all(shop, since="2020-01-01T00:00:00Z")) == 3
    assert _all(shop, until="2020-01-01T00:00:00+00:00") == []


def test_quarantined_tickets_are_found_among_many(shop: TestClient, engine: Engine) -> None:
    _accept(engine, a_ticket("bad"))
    state = "UPDATE tickets SET state = 'quarantined'"
    transaction(engine, lambda c: c.execute(text(state)))
    _accept(engine, *tickets(2_100))
    assert next(_pages(shop, state=TicketState.QUARANTINED)) == ["bad"]


def test_a_search_through_many_goes_on_behind_an_empty_page(
    shop: TestClient, engine: Engine
) -> None:
    _accept(engine, a_ticket("rare", language="mt"))
    _accept(engine, *tickets(2_100))
    pages = list(_pages(shop, language="mt"))
    assert pages == [[], ["rare"]]


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ({"limit": 201}, "limit"),
        ({"limit": 0}, "limit"),
        ({"state": "lost"}, "state"),
        ({"colour": "red"}, "colour"),
        ({"cursor": "AAAA"}, "cursor"),
        ({"cursor": "§"}, "cursor"),
        ({"since": "2026-01-01T00:00:00"}, "since"),
    ],
)
def test_a_query_that_is_wrong_is_refused_with_its_field(
    shop: TestClient, query: dict[str, Any], field: str
) -> None:
    answer = shop.get("/v1/tickets", params=query)
    assert (answer.status_code, answer.json()["field"]) == (422, field)
