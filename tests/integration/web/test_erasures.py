"""`/v1/erasures` as an integrator meets it."""

from uuid import uuid4

import pytest
from sqlalchemy import Engine, text
from starlette.testclient import TestClient

from core.types import Role
from store.engine import transaction
from tests.factories.callers import a_secret, bearer, web_settings
from tests.factories.deciding import decide_all
from trainer.privacy.sweep import erase_files
from web.app import make_app

_TICKET = {"id": "t-1", "subject": "From Xenia", "body": "late", "customer": "xenia@example.org"}

_NOBODY = "00000000-0000-4000-8000-000000000001"


@pytest.fixture
def ops(shop: TestClient, engine: Engine) -> dict[str, str]:
    return bearer(a_secret(engine, Role.OPS, name="kim"))


def test_a_ticket_is_erased_its_files_follow_and_the_receipt_is_found_again(
    shop: TestClient, ops: dict[str, str], engine: Engine, tmp_path: object
) -> None:
    sent = shop.post("/v1/tickets", json=_TICKET).json()
    decide_all(engine)
    asked = shop.post("/v1/erasures", json={"ticket_id": sent["id"]}, headers=ops)
    assert asked.status_code == 202
    told = asked.json()
    assert (told["state"], told["scope"], told["requested_by"]) == (
        "files_waiting",
        "ticket",
        "kim",
    )
    assert told["rows"]["ticket_contents"] == 1
    erase_files(engine, tmp_path, is_trainer=True)  # type: ignore[arg-type]
    by_key = {"source": "shop", "external_id": "t-1"}
    again = shop.post("/v1/erasures", json=by_key, headers=ops)
    assert (again.status_code, again.json()["id"]) == (200, told["id"])
    shown = shop.get(f"/v1/erasures/{told['id']}", headers=ops).json()
    assert shown == again.json()
    assert "xenia" not in asked.text.lower() + again.text.lower()
    record = shop.get(f"/v1/tickets/{sent['id']}").json()
    assert (record["state"], record["ticket"]["subject"]) == ("erased", "")
    assert [entry["what"] for entry in record["timeline"]][-1] == "ticket.erased"
    assert "xenia" not in str(record).lower()
    assert "t-1" not in str(record)
    back = shop.post("/v1/tickets", json=_TICKET)
    assert (back.status_code, back.json()["outcome"]) == (202, "erased")
    assert back.json()["id"] == sent["id"]


def test_a_customer_is_erased_and_the_list_pages_name_nobody(
    shop: TestClient, ops: dict[str, str]
) -> None:
    for number in range(3):
        shop.post("/v1/tickets", json={**_TICKET, "id": f"t-{number}"})
        whom = {"customer": "xenia@example.org"}
        assert shop.post("/v1/erasures", json=whom, headers=ops).json()["tickets"] == 1
    first = shop.get("/v1/erasures?limit=2", headers=ops).json()
    rest = shop.get(f"/v1/erasures?limit=2&cursor={first['next']}", headers=ops).json()
    ids = [entry["id"] for entry in first["erasures"] + rest["erasures"]]
    assert len(set(ids)) == 3
    assert ids == sorted(ids, reverse=True)
    assert rest["next"] is None
    assert "xenia" not in str(first)


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"ticket_id": "t-1"},
        {"source": "shop"},
        {"customer": ""},
        {"customer": "c", "ticket_id": _NOBODY},
        {"customer": "c", "colour": 1},
    ],
)
def test_a_wish_that_names_not_exactly_one_subject_is_refused(
    shop: TestClient, ops: dict[str, str], body: dict[str, str]
) -> None:
    answer = shop.post("/v1/erasures", json=body, headers=ops)
    assert answer.status_code == 422


@pytest.mark.parametrize(
    "body",
    [
        {"ticket_id": _NOBODY},
        {"source": "shop", "external_id": "none"},
        {"customer": "nobody\u0000"},
    ],
)
def test_what_was_never_here_is_not_found(
    shop: TestClient, ops: dict[str, str], body: dict[str, str]
) -> None:
    answer = shop.post("/v1/erasures", json=body, headers=ops)
    assert (answer.status_code, answer.json()["type"]) == (404, "/problems/not-found")
    assert shop.get(f"/v1/erasures/{uuid4()}", headers=ops).status_code == 404


def test_an_idempotency_key_does_not_bring_the_answer_back(
    shop: TestClient, ops: dict[str, str], engine: Engine
) -> None:
    key = {"idempotency-key": "k-1"}
    sent = shop.post("/v1/tickets", json=_TICKET, headers=key).json()
    shop.post("/v1/erasures", json={"ticket_id": sent["id"]}, headers=ops)
    assert shop.post("/v1/tickets", json=_TICKET, headers=key).json()["outcome"] == "erased"
    kept = text("SELECT count(*) FROM ticket_contents")
    assert transaction(engine, lambda c: c.execute(kept).scalar()) == 0


def test_tickets_are_redacted_before_they_are_stored(
    postgres_url: str, redis_url: str, engine: Engine
) -> None:
    settings = web_settings(postgres_url, redis_url, redaction="patterns")
    with TestClient(make_app(settings)) as client:
        client.headers.update(bearer(a_secret(engine, name="shop")))
        ticket = {**_TICKET, "body": "write to xenia@example.org"}
        sent = client.post("/v1/tickets", json=ticket).json()
        assert client.post("/v1/tickets", json=ticket).json()["outcome"] == "duplicate"
        record = client.get(f"/v1/tickets/{sent['id']}").json()
    assert record["ticket"]["body"] == "write to [email]"
