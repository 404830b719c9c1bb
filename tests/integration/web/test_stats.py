"""Figures over HTTP."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import Engine, text
from starlette.testclient import TestClient

from core.types import FeedbackKind, Role
from store.engine import transaction
from store.feedback import corrections
from store.feedback.corrections import Feedback
from store.rules import taxonomy
from store.rules.taxonomy import Department, Label
from tests.factories.callers import Serve, a_secret, bearer
from tests.factories.streams import Made, put

_NOW = datetime.now(UTC)
_THEN = _NOW - timedelta(days=3)


@pytest.fixture
def ops(engine: Engine, serve: Serve) -> TestClient:
    client = serve(stats_tickets=400, audit_share=1)
    client.headers.update(bearer(a_secret(engine, Role.AGENT)))
    return client


def _put(engine: Engine, made: list[Made], start: datetime = _THEN) -> list[UUID]:
    return transaction(engine, lambda c: put(c, made, version="m1", start=start))


@pytest.fixture
def tickets(engine: Engine) -> list[UUID]:
    """Eight decided by a rule and two not, half of them in German, two a second late."""

    def known(connection: Any) -> None:
        taxonomy.add_labels(connection, [Label(name="refund"), Label(name="login")])
        taxonomy.add_departments(connection, [Department(name="sales")])

    transaction(engine, known)
    made = [
        Made(body="x", scores={}, labels=["refund"], language="de" if n % 2 else "en")
        for n in range(10)
    ]
    ids = _put(engine, made)
    with engine.begin() as connection:
        for change in ("reason = 'no_rule'", "decided_at = decided_at + interval '1 second'"):
            connection.execute(
                text(f"UPDATE decisions SET {change} WHERE ticket_id = ANY(:ids)"),
                {"ids": ids[-2:]},
            )
    return ids


def _say(engine: Engine, ticket: UUID, kind: FeedbackKind, **fields: Any) -> None:
    feedback = Feedback(ticket_id=ticket, kind=kind, agent="anna", **fields)
    transaction(engine, lambda c: corrections.give(c, feedback))


def _groups(ops: TestClient, **asked: Any) -> dict[str, dict[str, Any]]:
    answer = ops.get("/v1/stats", params=asked)
    assert answer.status_code == 200, answer.text
    return {group["name"]: group for group in answer.json()["groups"]}


def test_shares_feedback_audit_and_times_of_a_period(
    ops: TestClient, engine: Engine, tickets: list[UUID]
) -> None:
    for ticket in tickets[:3]:
        _say(engine, ticket, FeedbackKind.CONFIRMED)
    _say(engine, tickets[3], FeedbackKind.WRONG_ROUTE, department="sales")
    _say(engine, tickets[4], FeedbackKind.MOVED_FOR_LOAD, department="sales")
    found = _groups(ops)["all"]
    assert (found["tickets"], found["automatic_share"], found["coverage"]) == (10, 0.8, 1)
    assert (found["accepted"], found["replaced"], found["override_rate"]) == (4, 1, 0.2)
    assert (found["moved"], found["bounce_rate"]) == (2, 0.2)
    audit = found["audit"]
    assert (audit["drawn"], audit["judged"], audit["accuracy"]) == (10, 5, 0.8)
    # Wilson's interval of 4 in 5, as R's binom.confint gives it.
    assert (audit["low"], audit["high"]) == pytest.approx((0.3755, 0.9638), abs=1e-4)
    assert found["decided_in_s"]["p50"] == pytest.approx(0, abs=0.002)
    assert found["decided_in_s"]["p95"] == pytest.approx(1, abs=0.002)


def test_groups_are_told_apart_and_filtered(ops: TestClient, tickets: list[UUID]) -> None:
    by_language = _groups(ops, by="language")
    assert {name: group["tickets"] for name, group in by_language.items()} == {"de": 5, "en": 5}
    assert _groups(ops, by="day").keys() == {f"{_THEN:%Y-%m-%d}"}
    of_label = _groups(ops, by="label", language="de")["refund"]
    assert (of_label["tickets"], of_label["coverage"], of_label["audit"]) == (5, None, None)
    assert _groups(ops, by="version", model_version="m2") == {}


def test_only_tickets_of_the_period_count(ops: TestClient, tickets: list[UUID]) -> None:
    day = timedelta(days=1)
    around = {"since": (_THEN - day).isoformat(), "until": (_THEN + day).isoformat()}
    assert _groups(ops, **around)["all"]["tickets"] == 10
    before = {"since": (_THEN - day).isoformat(), "until": _THEN.isoformat()}
    assert _groups(ops, **before) == {}


def test_of_more_decisions_than_are_wanted_a_sample_speaks_where_something_is_asked_of_them(
    ops: TestClient, engine: Engine
) -> None:
    _put(engine, [Made(body="x", scores={}, labels=["refund"] * (n % 2)) for n in range(2000)])
    answer = ops.get("/v1/stats").json()
    assert (answer["decisions"], answer["sampled_share"]) == (2000, 0.2)
    [found] = answer["groups"]
    assert (found["tickets"], found["coverage"]) == (2000, 0.5)
    assert found["decided_in_s"]["p50"] is not None
    [drawn] = ops.get("/v1/stats?department=orders").json()["groups"]
    # A fifth of some 80 pages is drawn, always the same ones: two standard errors.
    assert drawn["tickets"] == pytest.approx(2000, abs=900)
    assert drawn["tickets"] != 2000
    assert drawn["coverage"] == pytest.approx(0.5, abs=0.15)


def test_what_waits_is_told_whatever_was_asked(ops: TestClient, engine: Engine) -> None:
    assert ops.get("/v1/stats").json()["queue"]["waiting"] == 0
    ticket = {"id": "t-1", "subject": "late", "body": "where is it"}
    sender = bearer(a_secret(engine, name="shop"))
    assert ops.post("/v1/tickets", json=ticket, headers=sender).status_code == 202
    queue = ops.get("/v1/stats", params={"language": "xx"}).json()["queue"]
    assert queue["waiting"] == 1
    assert queue["oldest_s"] >= 0


@pytest.mark.parametrize(
    "asked",
    [
        {"since": "2020-01-01T00:00:00Z"},
        {"since": "2026-02-01T00:00:00Z", "until": "2026-01-01T00:00:00Z"},
        {"since": "9999-12-31T23:59:59Z"},
        {"until": "0001-01-01T00:00:00+14:00"},
        {"until": "1969-01-01T00:00:00Z"},
        {"since": "2026-01-01T00:00:00"},
        {"by": "customer"},
        {"department": ""},
    ],
)
def test_a_period_that_is_none_or_too_long_is_refused(
    ops: TestClient, asked: dict[str, str]
) -> None:
    refused = ops.get("/v1/stats", params=asked)
    assert (refused.status_code, refused.json()["type"]) == (422, "/problems/invalid")
