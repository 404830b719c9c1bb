"""`/v1/incidents` and the panel of the live page: what is open, of what, and ending it."""

from uuid import UUID

import pytest
from sqlalchemy import Engine, text
from starlette.testclient import TestClient

from core.types import Role
from store.decided import storms
from store.engine import transaction
from store.queue.tickets import accept
from store.rules.taxonomy import Department, add_departments
from tests.factories.callers import a_person, a_secret, bearer, sign_in
from tests.factories.deciding import decide_all
from tests.factories.values import a_ticket


@pytest.fixture
def ops(client: TestClient, engine: Engine) -> TestClient:
    client.headers.update(bearer(a_secret(engine, name="ann", role=Role.OPS)))
    return client


@pytest.fixture
def incident(engine: Engine) -> int:
    given = [a_ticket(f"t-{n}", body="Nobody can log in") for n in range(3)]
    transaction(engine, lambda c: add_departments(c, [Department(name="billing")]))
    transaction(engine, lambda c: accept(c, given, source="shop"))
    decide_all(engine)
    with engine.connect() as connection:
        ids = [
            UUID(str(id_)) for id_ in connection.execute(text("SELECT id FROM tickets")).scalars()
        ]
    flagged = transaction(engine, lambda c: storms.flag(c, ids, bytes(256)))
    assert flagged is not None
    return flagged


def test_an_open_incident_is_listed_with_its_tickets(ops: TestClient, incident: int) -> None:
    (listed,) = ops.get("/v1/incidents").json()["incidents"]
    assert (listed["id"], listed["tickets"], listed["department"]) == (incident, 3, "orders")
    record = ops.get(f"/v1/incidents/{incident}").json()
    assert record["ticket_ids"] == sorted(record["ticket_ids"])
    assert record["first"] == record["ticket_ids"][0]
    assert ops.get("/v1/tickets/" + record["first"]).status_code == 200


def test_ending_one_is_kept_with_who_did_it(ops: TestClient, incident: int, engine: Engine) -> None:
    for _ in range(2):
        ended = ops.post(f"/v1/incidents/{incident}/close").json()
        assert ended["closed_by"] == "ann"
    assert ops.get("/v1/incidents").json() == {"incidents": [], "next": None}
    assert len(ops.get("/v1/incidents?state=closed").json()["incidents"]) == 1
    with engine.connect() as connection:
        audited = connection.execute(
            text("SELECT actor, subject FROM audit_log WHERE action = 'incident.closed'")
        ).one()
        told = connection.execute(
            text("SELECT payload FROM outbox WHERE event = 'incident.closed'")
        ).scalar_one()
    assert tuple(audited) == ("ann", str(incident))
    assert (told["tickets"], told["closed_by"]) == (3, "ann")


def test_one_that_never_was_is_not_found(ops: TestClient) -> None:
    assert ops.get("/v1/incidents/7").status_code == 404
    assert ops.post("/v1/incidents/7/close").status_code == 404


def test_the_live_page_shows_open_ones_and_ops_can_end_them(
    client: TestClient, incident: int, engine: Engine
) -> None:
    close = f"/live/incidents/{incident}/close"
    a_person(engine, name="bob@example.com", role=Role.AGENT)
    sign_in(client, "bob@example.com")
    assert "/live/incidents" in client.get("/").text
    assert close not in client.get("/live/incidents").text
    a_person(engine, name="ops@example.com", role=Role.OPS)
    csrf = sign_in(client, "ops@example.com")
    assert close in client.get("/live/incidents").text
    assert client.post(close, headers={"x-csrf-token": csrf}).text.strip() == ""


def test_an_erased_ticket_leaves_its_incident(
    engine: Engine, ops: TestClient, incident: int
) -> None:
    first = ops.get(f"/v1/incidents/{incident}").json()["first"]
    assert ops.post("/v1/erasures", json={"ticket_id": first}).status_code < 300
    record = ops.get(f"/v1/incidents/{incident}").json()
    assert record["tickets"] == 2
    assert first not in record["ticket_ids"]
