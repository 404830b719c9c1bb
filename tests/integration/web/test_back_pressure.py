"""Every door that takes tickets while the queue is too long: who is refused, and who never is."""

from datetime import UTC, datetime

import pytest
from sqlalchemy import Engine, text
from starlette.testclient import TestClient

from core.types import HelpdeskKind, Role
from helpdesks.conformance.senders import SIGN
from tests.factories.callers import Serve, a_secret, bearer
from tests.factories.helpdesks import PAYLOADS, connect, encoded, standard_ticket

_LONG_AGO = "UPDATE tickets SET next_at = next_at - interval '2 hours'"
_COUNT = "SELECT count(*) FROM ticket_contents"


@pytest.fixture
def door(serve: Serve, engine: Engine) -> TestClient:
    """The whole application, whose oldest ticket has waited for two hours."""
    connect(engine, HelpdeskKind.STANDARD)
    _deliver(serve(), HelpdeskKind.STANDARD, standard_ticket(), "first")
    with engine.begin() as connection:
        connection.execute(text(_LONG_AGO))
    return serve(intake_max_wait_s=60)


def _deliver(door: TestClient, kind: HelpdeskKind, payload: object, id_: str) -> tuple[int, str]:
    body = encoded(payload)
    headers = SIGN[kind](body, datetime.now(UTC), id_) | {"content-type": "application/json"}
    answer = door.post(f"/v1/intake/{kind}", content=body, headers=headers)
    return answer.status_code, answer.headers.get("retry-after", "")


def _stored(engine: Engine) -> int:
    with engine.connect() as connection:
        return int(connection.execute(text(_COUNT)).scalar_one())


def test_senders_that_come_back_are_refused_before_anything_is_stored(
    door: TestClient, engine: Engine
) -> None:
    door.headers.update(bearer(a_secret(engine, name="shop")))
    sent = door.post("/v1/tickets", json={"id": "BW-8", "body": "Where is it?"})
    assert (sent.status_code, sent.json()["type"]) == (429, "/problems/queue-full")
    assert sent.headers["retry-after"] == "300"
    refused = _deliver(door, HelpdeskKind.STANDARD, standard_ticket(body="Again"), "second")
    assert refused == (429, "300")
    assert _stored(engine) == 1


@pytest.mark.parametrize(
    "kind", [HelpdeskKind.ZENDESK, HelpdeskKind.ZAMMAD, HelpdeskKind.CHATWOOT], ids=str
)
def test_what_would_not_be_sent_again_is_taken(
    door: TestClient, engine: Engine, kind: HelpdeskKind
) -> None:
    connect(engine, kind)
    assert _deliver(door, kind, PAYLOADS[kind], "d-1") == (202, "")
    assert _stored(engine) == 2


def test_words_of_agents_and_old_tickets_ask_for_no_decision_and_are_taken(
    door: TestClient, engine: Engine
) -> None:
    data = {"id": "BW-7", "agent": "kim", "labels": []}
    said = {"type": "ticket.corrected", "data": data}
    assert _deliver(door, HelpdeskKind.STANDARD, said, "second") == (202, "")
    door.headers.update(bearer(a_secret(engine, Role.OPS, name="ann")))
    row = {"id": "old-1", "body": "Where was it?", "labels": ["delivery"]}
    assert door.post("/v1/imports", json={"name": "2025", "rows": [row]}).status_code == 200
