"""Deliveries that nobody vouches for: how many are heard, and who pays for them."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from datetime import UTC, datetime
from typing import Any

import pytest
from sqlalchemy import Engine
from starlette.testclient import TestClient

from core.types import HelpdeskKind
from helpdesks.conformance.senders import SIGN
from tests.factories.callers import web_settings
from tests.factories.helpdesks import PAYLOADS, connect, encoded
from web.app import make_app

_ZENDESK, _ZAMMAD = HelpdeskKind.ZENDESK, HelpdeskKind.ZAMMAD
From = Callable[[str], TestClient]


@pytest.fixture
def come_from(postgres_url: str, redis_url: str) -> Iterator[From]:
    """Clients of one application that hears two strange requests a minute, by their address."""
    app = make_app(web_settings(postgres_url, redis_url, stranger_requests_per_minute=2))
    with ExitStack() as stack:
        stack.enter_context(TestClient(app))
        yield lambda address: TestClient(app, client=(address, 50_000))


def _send(client: TestClient, kind: HelpdeskKind, id_: str, *, forged: bool = False) -> Any:
    body = encoded(PAYLOADS[kind])
    headers = SIGN[kind](body, datetime.now(UTC), id_)
    return client.post(f"/v1/intake/{kind}", content=body + b" " * forged, headers=headers)


def test_forged_deliveries_of_an_address_are_heard_so_often_and_then_not_even_read(
    come_from: From, engine: Engine
) -> None:
    connect(engine, _ZENDESK)
    one = come_from("192.0.2.1")
    answers = [_send(one, _ZENDESK, f"d-{n}", forged=True) for n in range(3)]
    assert [answer.status_code for answer in answers] == [401, 401, 429]
    unread = one.post("/v1/intake/zendesk", content=b"x" * 3_000_000)
    assert (unread.status_code, unread.json()["type"]) == (429, "/problems/too-many-requests")
    assert 1 <= int(unread.headers["retry-after"]) <= 60
    assert _send(come_from("192.0.2.2"), _ZENDESK, "d-4").status_code == 202


def test_right_deliveries_count_for_nothing_however_many_come_from_one_address(
    come_from: From, engine: Engine
) -> None:
    for kind in (_ZENDESK, _ZAMMAD):
        connect(engine, kind)
    one = come_from("192.0.2.1")
    for n in range(5):
        assert _send(one, _ZAMMAD, f"d-{n}").status_code == 202
    for n in range(4):
        _send(one, _ZENDESK, f"e-{n}", forged=True)
        one.post(f"/v1/intake/nobody-{n}", content=b"{}")
    assert _send(one, _ZENDESK, "e-9").status_code == 429
    assert _send(one, _ZAMMAD, "d-9").status_code == 202, "its neighbour's wrong secret is not its"


def test_names_of_connections_are_not_guessed_faster_by_taking_another_each_time(
    come_from: From,
) -> None:
    one = come_from("2001:db8::1")
    neighbour = come_from("2001:db8::2")
    asked = [one, neighbour, one]
    sent = [client.post(f"/v1/intake/n{n}", content=b"{}") for n, client in enumerate(asked)]
    assert [answer.status_code for answer in sent] == [401, 401, 429]


def test_figures_are_not_read_faster_than_that(come_from: From) -> None:
    one = come_from("192.0.2.1")
    assert [one.get("/metrics").status_code for _ in range(3)] == [200, 200, 429]
    assert come_from("192.0.2.2").get("/metrics").status_code == 200
    assert one.get("/health/live").status_code == 200
