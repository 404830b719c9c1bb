import json

import pytest
from selectolax.lexbor import LexborHTMLParser
from sqlalchemy import Engine
from starlette.testclient import TestClient

from core.types import HelpdeskKind, Role
from tests.factories.callers import Serve, a_person, sign_in
from tests.factories.helpdesks import connect, zammad_payload

_PAGE = "/admin/connections/zammad"


@pytest.fixture
def ops(serve: Serve, engine: Engine) -> TestClient:
    client = serve()
    a_person(engine, role=Role.OPS)
    client.headers["x-csrf-token"] = sign_in(client)
    return client


def _words(html: str) -> str:
    return " ".join(LexborHTMLParser(html).text(separator=" ").split())


def test_ops_try_a_mapping_on_a_delivery_and_save_it(ops: TestClient, engine: Engine) -> None:
    assert "No helpdesk is connected yet" in _words(ops.get("/admin/connections").text)
    connect(engine, HelpdeskKind.ZAMMAD)
    assert "/v1/intake/zammad" in _words(ops.get("/admin/connections").text)
    form = {"mapping": "subject: ticket.state", "sample": json.dumps(zammad_payload(state="<b>"))}
    shown = ops.post(f"{_PAGE}/preview", data=form)
    assert shown.status_code == 200, shown.text
    assert "<b>" not in shown.text.replace("<b dir", "")
    assert "a ticket" in _words(shown.text)
    assert "It should be here by now." in shown.text
    saved = ops.post(f"{_PAGE}/mapping", data=form | {"version": 1})
    assert saved.status_code == 200, saved.text
    assert "ticket.state" in ops.get(_PAGE).text
    late = ops.post(f"{_PAGE}/mapping", data=form | {"version": 1})
    assert late.status_code == 412


_REFUSED = [
    ({"mapping": "- a", "sample": "{}"}, "mapping"),
    ({"mapping": "subject: 'a['", "sample": '{"ticket": {"id": 7}}'}, "mapping.subject"),
    ({"mapping": "colour: a", "sample": "{}"}, "mapping.colour"),
    ({"mapping": "", "sample": "{"}, "sample"),
    ({"mapping": "", "sample": "[]"}, "sample"),
    ({"mapping": "", "sample": "{}"}, "id"),
]


def test_what_cannot_be_tried_is_told_in_its_place(ops: TestClient, engine: Engine) -> None:
    connect(engine, HelpdeskKind.ZAMMAD)
    for form, told in _REFUSED:
        answer = ops.post(f"{_PAGE}/preview", data=form)
        assert (answer.status_code, told in _words(answer.text)) == (422, True), form
