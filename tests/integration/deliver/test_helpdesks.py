"""Requests to helpdesks over a real wire, and decisions on their way to one by the relay."""

import pytest
from sqlalchemy import Engine, text

from core.addresses import Reach
from core.redaction import AS_GIVEN
from core.types import HelpdeskKind
from deliver.helpdesks import Line
from helpdesks.conformance.stubs import ZammadStub
from helpdesks.desk import Later, Refused
from helpdesks.kinds import KINDS, mapping_of
from helpdesks.taking import take
from store.engine import transaction
from tests.factories.deciding import decide_all
from tests.factories.delivering import BOX, LOOPBACK, a_relay, deliver_all
from tests.factories.helpdesks import connect, writing
from tests.factories.receivers import Answer, receiver
from web.api.connections.changes import Terms

_TERMS = Terms(box=BOX, reach=LOOPBACK, is_production=False)


def test_requests_follow_no_redirect_and_go_only_where_they_may() -> None:
    with receiver() as hook:
        line = Line(LOOPBACK, timeout_s=5)
        reply = line("POST", hook.url, {"x-word": "a"}, b"{}")
        assert (reply.status, reply.body) == (200, b"ok")
        assert hook.requests[0].headers["x-word"] == "a"
        hook.answer = lambda _: Answer(status=302, headers=(("location", "http://127.0.0.1:1/"),))
        assert line("POST", hook.url, {}, b"{}").status == 302
        for reach in (Reach(), Reach(over_http=True)):
            with pytest.raises(Refused):
                Line(reach, timeout_s=5)("POST", hook.url, {}, b"{}")
        hook.answer = lambda _: Answer(is_slow=True, body=b"x" * 50)
        with pytest.raises(Later):
            Line(LOOPBACK, timeout_s=0.3)("POST", hook.url, {}, b"{}")
    with pytest.raises(Later):
        line("POST", "http://127.0.0.1:1/", {}, b"{}")


def test_a_decision_goes_to_the_helpdesk_that_its_ticket_came_from(engine: Engine) -> None:
    with engine.begin() as connection:
        connection.execute(text("INSERT INTO departments (name) VALUES ('orders')"))
    with receiver() as hook:
        there = {"base_url": f"http://127.0.0.1:{hook.port}"}
        kind = HelpdeskKind.ZAMMAD
        desk = connect(engine, kind, _TERMS, **writing(kind) | there)
        told = KINDS[kind].parse(ZammadStub().payload(), {}, mapping_of(kind, {}), desk.created_at)
        transaction(engine, lambda c: take(c, desk, told, AS_GIVEN))
        decide_all(engine)
        deliver_all(a_relay(engine))
    query = (
        "SELECT d.state, a.error FROM deliveries d JOIN delivery_attempts a ON a.delivery_id = d.id"
    )
    with engine.connect() as connection:
        row = connection.execute(text(query)).one()
    # That server knows no GET, with which a ticket is read.
    assert (row.state, row.error) == ("waiting", "the helpdesk answered 501")
