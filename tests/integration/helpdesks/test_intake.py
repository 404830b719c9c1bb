"""Deliveries of helpdesks over HTTP: who is believed, what is kept, and what converges."""

import json
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from fastapi import FastAPI
from sqlalchemy import Engine, text
from starlette.testclient import TestClient
from structlog.testing import capture_logs

from core.redaction import AS_GIVEN
from core.settings import Settings
from core.types import HelpdeskKind
from helpdesks import zendesk
from helpdesks.conformance.senders import SIGN, zendesk_headers
from store.engine import transaction
from store.erasure.erasures import erase
from store.helpdesk.helpdesk_tickets import Known, known
from tests.factories.callers import a_doorman, web_settings
from tests.factories.deciding import decide_all
from tests.factories.helpdesks import (
    BOX,
    PAYLOADS,
    a_conversation,
    an_article,
    chatwoot_message,
    connect,
    encoded,
    standard_ticket,
    zammad_payload,
    zendesk_event,
)
from web.api.intake.routes import IntakeParts, intake_routes
from web.app import make_app
from web.backlog import Backlog
from web.errors import add_error_answers
from worker.maintenance import forget_what_helpdesks_sent

_SENDERS = sorted(SIGN)


@pytest.fixture
def door(postgres_url: str) -> Iterator[TestClient]:
    """The application without Redis and without any worker."""
    app = make_app(web_settings(postgres_url, "redis://127.0.0.1:1/0", intake_body_bytes=200_000))
    with TestClient(app, follow_redirects=False) as client:
        yield client


def _send(door: TestClient, kind: HelpdeskKind, payload: Any, id_: str = "d-1", **more: Any) -> Any:
    body = payload if isinstance(payload, bytes) else encoded(payload)
    at = more.get("signed_at") or datetime.now(UTC)
    headers = SIGN[kind](body, at, id_) | {"content-type": "application/json"}
    return door.post(f"/v1/intake/{kind}", content=body, headers=headers)


def _rows(engine: Engine, query: str) -> list[Any]:
    with engine.connect() as connection:
        return list(connection.execute(text(query)))


def _known(engine: Engine, kind: HelpdeskKind, external_id: str) -> Known:
    return transaction(engine, lambda c: known(c, str(kind), external_id))


@pytest.mark.parametrize("kind", _SENDERS)
def test_a_signed_delivery_is_a_ticket_of_its_connection(
    door: TestClient, engine: Engine, kind: HelpdeskKind
) -> None:
    connect(engine, kind)
    answer = _send(door, kind, PAYLOADS[kind])
    assert (answer.status_code, answer.json()["outcome"]) == (202, "ticket"), answer.text
    (row,) = _rows(
        engine,
        "SELECT t.id::text, source, subject, body, state FROM tickets t "
        "JOIN ticket_contents c ON c.ticket_id = t.id",
    )
    assert (row.id, row.source, row.state) == (answer.json()["id"], kind, "accepted")
    assert row.subject == "Parcel is late"
    assert "It should be here by now." in row.body


@pytest.mark.parametrize("kind", _SENDERS)
def test_forged_unsigned_and_stale_deliveries_are_refused_and_leave_nothing(
    door: TestClient, engine: Engine, kind: HelpdeskKind
) -> None:
    connect(engine, kind)
    body = encoded(PAYLOADS[kind])
    right = SIGN[kind](body, datetime.now(UTC), "d-1")
    forged = door.post(f"/v1/intake/{kind}", content=body + b" ", headers=right)
    unsigned = door.post(f"/v1/intake/{kind}", content=body)
    answers = [forged, unsigned]
    if kind is not HelpdeskKind.ZAMMAD:
        long_ago = datetime.now(UTC) - timedelta(seconds=400)
        answers.append(_send(door, kind, PAYLOADS[kind], signed_at=long_ago))
    for answer in answers:
        assert answer.status_code == 401
        assert answer.json()["type"] == "/problems/unauthenticated"
        assert answer.json()["detail"]
    assert _rows(engine, "SELECT 1 FROM tickets") == []
    assert _rows(engine, "SELECT 1 FROM helpdesk_deliveries") == []


@pytest.mark.parametrize("kind", _SENDERS)
def test_a_replayed_delivery_gets_the_same_answer_and_does_nothing(
    door: TestClient, engine: Engine, kind: HelpdeskKind
) -> None:
    connect(engine, kind)
    first, again = (_send(door, kind, PAYLOADS[kind]) for _ in range(2))
    assert (again.status_code, again.json()) == (202, first.json())
    (count,) = _rows(engine, "SELECT count(*), max(revision) FROM tickets")
    assert tuple(count) == (1, 1)


@pytest.mark.parametrize("kind", _SENDERS)
def test_ten_deliveries_of_one_thing_at_once_are_one_ticket(
    door: TestClient, engine: Engine, kind: HelpdeskKind
) -> None:
    connect(engine, kind)
    payloads = [PAYLOADS[kind] | ({"id": f"e-{n}"} if kind == "zendesk" else {}) for n in range(10)]
    with ThreadPoolExecutor(10) as pool:
        sent = list(pool.map(lambda n: _send(door, kind, payloads[n], f"d-{n}"), range(10)))
    assert {answer.status_code for answer in sent} == {202}
    assert len({answer.json()["id"] for answer in sent}) == 1
    assert [answer.json()["outcome"] for answer in sent].count("ticket") == 1
    (count,) = _rows(engine, "SELECT count(*), max(revision) FROM tickets")
    assert tuple(count) == (1, 1)


@pytest.mark.parametrize("backwards", [False, True])
def test_create_and_update_end_alike_in_either_order(
    door: TestClient, engine: Engine, backwards: bool
) -> None:
    connect(engine, HelpdeskKind.ZENDESK)
    create = zendesk_event(id_="e-1")
    update = zendesk_event(id_="e-2", at="2026-03-01T09:05:00Z", subject="Parcel is very late")
    for event in (update, create) if backwards else (create, update):
        assert _send(door, HelpdeskKind.ZENDESK, event).status_code == 202
    decide_all(engine)
    (row,) = _rows(
        engine,
        "SELECT c.subject, (SELECT count(*) FROM decisions) AS decided FROM tickets t "
        "JOIN ticket_contents c ON c.ticket_id = t.id AND c.revision = t.revision",
    )
    assert tuple(row) == ("Parcel is very late", 1)


def test_later_messages_of_a_ticket_are_no_new_text_of_it(door: TestClient, engine: Engine) -> None:
    connect(engine, HelpdeskKind.CHATWOOT)
    later = chatwoot_message(at="2026-03-01T10:00:00.000Z", id=901, content="Thank you!")
    first = chatwoot_message()
    assert _send(door, HelpdeskKind.CHATWOOT, later, "d-1").json()["outcome"] == "ticket"
    assert _send(door, HelpdeskKind.CHATWOOT, first, "d-2").json()["outcome"] == "ticket"
    assert _send(door, HelpdeskKind.CHATWOOT, later, "d-3").json()["outcome"] == "ignored"
    (row,) = _rows(engine, "SELECT body FROM ticket_contents ORDER BY revision DESC LIMIT 1")
    assert row.body == "It should be here by now."


_NOTHING: list[tuple[HelpdeskKind, Mapping[str, Any]]] = [
    (HelpdeskKind.CHATWOOT, chatwoot_message(message_type="outgoing")),
    (HelpdeskKind.CHATWOOT, chatwoot_message(private=True)),
    (HelpdeskKind.CHATWOOT, {"event": "contact_created", "id": 5}),
    (HelpdeskKind.CHATWOOT, {"event": "conversation_created", **a_conversation(messages=[])}),
    (HelpdeskKind.ZAMMAD, zammad_payload() | {"article": an_article(internal=True)}),
    (HelpdeskKind.ZAMMAD, zammad_payload() | {"article": an_article(sender="Agent")}),
    (HelpdeskKind.ZENDESK, zendesk_event() | {"type": "zen:event-type:user.created"}),
    (HelpdeskKind.STANDARD, {"type": "invoice.paid", "data": {}}),
]


def test_what_no_customer_said_is_no_ticket(door: TestClient, engine: Engine) -> None:
    for kind in SIGN:
        connect(engine, kind)
    for n, (kind, payload) in enumerate(_NOTHING):
        answer = _send(door, kind, payload, f"d-{n}")
        assert (answer.status_code, answer.json()["outcome"]) == (202, "ignored"), payload
        assert answer.json()["reason"]
    assert _rows(engine, "SELECT 1 FROM tickets") == []


def test_a_message_inside_a_conversation_has_a_number_for_its_type(
    door: TestClient, engine: Engine
) -> None:
    connect(engine, HelpdeskKind.CHATWOOT)
    event = {"event": "conversation_created", **a_conversation()}
    assert _send(door, HelpdeskKind.CHATWOOT, event).json()["outcome"] == "ticket"
    assert _send(door, HelpdeskKind.CHATWOOT, chatwoot_message(), "d-2").json()["id"]
    (row,) = _rows(engine, "SELECT count(*), max(revision) FROM tickets")
    assert row.count == 1


_BODIES = [
    b"",
    b"[]",
    b"{",
    b"\xff\xfe",
    b'{"ticket": {"id": null}}',
    b'{"ticket": {"id": {"a": 1}}}',
    b'{"ticket": NaN}',
    b'{"a":' * 30_000,
    b"[" * 150_000,
    b'{"ticket": {"id": ' + b"9" * 5_000 + b"}}",
]


def test_bodies_that_no_helpdesk_sends_are_refused_by_name(
    door: TestClient, engine: Engine
) -> None:
    connect(engine, HelpdeskKind.ZAMMAD)
    for body in _BODIES:
        answer = _send(door, HelpdeskKind.ZAMMAD, body)
        assert (answer.status_code, body[:40]) == (422, body[:40]), answer.text[:300]
        assert answer.json()["type"] == "/problems/invalid"


def test_bytes_that_postgres_refuses_are_cleaned_at_the_door(
    door: TestClient, engine: Engine
) -> None:
    connect(engine, HelpdeskKind.ZAMMAD)
    odd = "a\x00b\ud800c"
    payload = zammad_payload(
        title=odd, group={"name": odd}, tags=[odd], updated_by_id=odd, number=odd
    )
    payload["article"]["body"] = odd
    payload["ticket"]["customer"]["email"] = odd
    payload["ticket"]["priority"]["name"] = odd
    assert _send(door, HelpdeskKind.ZAMMAD, payload).json()["outcome"] == "ticket"
    (row,) = _rows(engine, "SELECT subject, body FROM ticket_contents")
    assert row.subject == row.body == "a\ufffdb\ufffdc"


def test_texts_longer_than_a_ticket_may_be_are_cut_and_not_sent_again_for_ever(
    door: TestClient, engine: Engine
) -> None:
    connect(engine, HelpdeskKind.ZAMMAD)
    payload = zammad_payload(title="t" * 2_000)
    payload["article"]["body"] = "b" * 150_000
    assert _send(door, HelpdeskKind.ZAMMAD, payload).status_code == 202
    (row,) = _rows(engine, "SELECT length(subject) AS s, length(body) AS b FROM ticket_contents")
    assert tuple(row) == (1_000, 100_000)


def test_a_delivery_over_the_limit_is_not_read_to_its_end(door: TestClient, engine: Engine) -> None:
    connect(engine, HelpdeskKind.ZAMMAD)
    answer = _send(door, HelpdeskKind.ZAMMAD, b"x" * 200_001)
    assert (answer.status_code, answer.json()["type"]) == (413, "/problems/too-large")


def test_nothing_is_ever_redirected_and_strangers_learn_nothing(
    door: TestClient, engine: Engine
) -> None:
    connect(engine, HelpdeskKind.ZAMMAD)
    body = encoded(PAYLOADS[HelpdeskKind.ZAMMAD])
    headers = SIGN[HelpdeskKind.ZAMMAD](body, datetime.now(UTC), "d-1")
    assert door.post("/v1/intake/zammad/", content=body, headers=headers).status_code == 202
    assert door.get("/v1/intake/zammad").status_code == 405
    assert door.get("/v1/intake/zammad/").status_code == 405


@pytest.mark.parametrize("kind", list(SIGN))
@pytest.mark.parametrize("name", ["nobody", "%00", "paused"])
def test_a_name_that_nobody_has_is_answered_like_a_wrong_secret(
    door: TestClient, engine: Engine, kind: HelpdeskKind, name: str
) -> None:
    connect(engine, kind)
    connect(engine, kind, name="paused", active=False)
    headers = SIGN[kind](encoded(PAYLOADS[kind]), datetime.now(UTC), "d-1")
    unknown, forged = (
        door.post(f"/v1/intake/{where}", content=b"{}", headers=headers) for where in (name, kind)
    )
    assert unknown.status_code == forged.status_code == 401
    told = [{**answer.json(), "request_id": ""} for answer in (unknown, forged)]
    assert told[0] == told[1]


def test_our_log_says_why_a_delivery_was_refused(door: TestClient, engine: Engine) -> None:
    connect(engine, HelpdeskKind.ZENDESK)
    late = datetime.now(UTC) - timedelta(hours=1)
    headers = SIGN[HelpdeskKind.ZENDESK](b"{}", late, "d-1")
    with capture_logs() as logs:
        assert door.post("/v1/intake/zendesk", content=b"{}", headers=headers).status_code == 401
    (refused,) = [entry for entry in logs if entry["event"] == "delivery_refused"]
    assert refused["reason"].startswith("The delivery was signed ")


@pytest.mark.parametrize(("is_production", "status"), [(False, 202), (True, 401)])
def test_the_public_secret_of_zendesk_opens_nothing_in_production(
    engine: Engine, is_production: bool, status: int
) -> None:
    connect(engine, HelpdeskKind.ZENDESK, secrets=[zendesk.TEST_SECRET])
    app = FastAPI()
    parts = IntakeParts(
        engine=engine,
        box=BOX,
        redact=AS_GIVEN,
        announce=lambda _: None,
        most_bytes=10_000,
        tolerance_s=300,
        is_production=is_production,
        backlog=Backlog(lambda: 0.0, most_wait_s=0),
        limits=a_doorman(engine).limits,
    )
    app.include_router(intake_routes(parts))
    add_error_answers(app)
    body = encoded(zendesk_event())
    headers = zendesk_headers(body, datetime.now(UTC), secret=zendesk.TEST_SECRET)
    answer = TestClient(app).post("/v1/intake/zendesk", content=body, headers=headers)
    assert answer.status_code == status


def test_a_delivery_that_was_erased_here_stays_away(door: TestClient, engine: Engine) -> None:
    connect(engine, HelpdeskKind.STANDARD)
    id_ = _send(door, HelpdeskKind.STANDARD, standard_ticket()).json()["id"]
    erase(engine, UUID(id_), by="ann")
    again = _send(door, HelpdeskKind.STANDARD, standard_ticket(), "msg_2")
    assert (again.status_code, again.json()["outcome"]) == (202, "ignored")
    assert _rows(engine, "SELECT 1 FROM helpdesk_tickets") == []


def test_a_copy_is_known_for_seven_days_and_not_kept_for_longer(
    door: TestClient, engine: Engine
) -> None:
    days = Settings.model_fields["delivery_memory_days"].default
    connect(engine, HelpdeskKind.ZAMMAD)
    first = _send(door, HelpdeskKind.ZAMMAD, zammad_payload()).json()
    others = (
        "INSERT INTO helpdesk_deliveries (connection, delivery_id, answer) "
        "SELECT 'zammad', n, '{}' FROM generate_series(1, 5001) n"
    )
    for age, is_known in (("7 days - 1 minute", True), ("7 days 1 minute", False)):
        with engine.begin() as connection:
            connection.execute(text(f"{others} ON CONFLICT DO NOTHING"))
            past = f"clock_timestamp() - interval '{age}'"
            connection.execute(text(f"UPDATE helpdesk_deliveries SET received_at = {past}"))
        forget_what_helpdesks_sent(engine, days=days)
        assert _rows(engine, "SELECT count(*) FROM helpdesk_deliveries")[0][0] == 5002 * is_known
        again = _send(door, HelpdeskKind.ZAMMAD, zammad_payload()).json()
        assert (again == first) is is_known
    (count,) = _rows(engine, "SELECT count(*), max(revision) FROM tickets")
    assert tuple(count) == (1, 1)


def test_an_old_copy_without_a_time_changes_nothing_once_its_id_is_forgotten(
    door: TestClient, engine: Engine
) -> None:
    """Zammad signs no moment, and ids of deliveries are kept for a week."""
    connect(engine, HelpdeskKind.ZAMMAD)
    old = zammad_payload()
    later = {"title": "Parcel has come", "updated_at": "2026-03-01T10:00:00.000Z"}
    _send(door, HelpdeskKind.ZAMMAD, old, "d-1")
    _send(door, HelpdeskKind.ZAMMAD, {**old, "ticket": {**old["ticket"], **later}}, "d-2")
    contents = "SELECT revision, subject FROM ticket_contents ORDER BY revision"
    before = _rows(engine, contents)
    with engine.begin() as connection:
        connection.execute(text("DELETE FROM helpdesk_deliveries"))
    assert _send(door, HelpdeskKind.ZAMMAD, old, "d-1").json()["outcome"] == "ignored"
    assert _rows(engine, contents) == before
    assert before[-1].subject == "Parcel has come"


@pytest.mark.parametrize(
    ("data", "kind", "department"),
    [
        ({"labels": ["refund"], "department": "billing"}, "wrong_label", "billing"),
        ({"department": "billing"}, "wrong_route", "billing"),
    ],
)
def test_a_word_of_an_agent_is_feedback_once(
    door: TestClient, engine: Engine, data: dict[str, Any], kind: str, department: str
) -> None:
    _departments(engine)
    connect(engine, HelpdeskKind.STANDARD)
    _send(door, HelpdeskKind.STANDARD, standard_ticket())
    decide_all(engine)
    said = {"type": "ticket.corrected", "data": {"id": "BW-7", "agent": "kim", **data}}
    for id_ in ("msg_2", "msg_2"):
        assert _send(door, HelpdeskKind.STANDARD, said, id_).json()["outcome"] == "feedback"
    (row,) = _rows(engine, "SELECT kind, department, agent FROM corrections")
    assert tuple(row) == (kind, department, "kim")
    unknown = {"type": "ticket.corrected", "data": {"id": "nobody", **data}}
    assert _send(door, HelpdeskKind.STANDARD, unknown, "msg_3").status_code == 422


def _departments(engine: Engine) -> None:
    with engine.begin() as connection:
        connection.execute(text("INSERT INTO departments (name) VALUES ('orders'), ('billing')"))
        connection.execute(text("INSERT INTO labels (name) VALUES ('delivery'), ('refund')"))


def test_the_reason_that_a_delivery_is_refused_names_its_field(
    door: TestClient, engine: Engine
) -> None:
    connect(engine, HelpdeskKind.ZAMMAD, mapping={"subject": "abs(ticket.title)"})
    answer = _send(door, HelpdeskKind.ZAMMAD, zammad_payload())
    assert (answer.status_code, answer.json()["field"]) == (422, "mapping.subject")


def test_a_customised_payload_is_read_by_the_connections_own_mapping(
    door: TestClient, engine: Engine
) -> None:
    mapping = {"id": "case.no", "subject": "case.topic", "body": "join(' ', case.lines)"}
    connect(engine, HelpdeskKind.ZAMMAD, mapping=mapping)
    case = {"case": {"no": 12, "topic": "Late", "lines": ["Where", "is it?"]}}
    assert _send(door, HelpdeskKind.ZAMMAD, case).json()["outcome"] == "ticket"
    (row,) = _rows(engine, "SELECT subject, body FROM ticket_contents")
    assert tuple(row) == ("Late", "Where is it?")
    assert json.dumps(_known(engine, HelpdeskKind.ZAMMAD, "12").external_id) == '"12"'
