"""The health page: what lives, what waits, how good decisions are, what failed, what drifts."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
import redis
from sqlalchemy import Connection, Engine, text
from starlette.testclient import TestClient

from broker.messages import TRAIN_QUEUE
from core.types import FeedbackKind, Role, Rung
from store.engine import transaction
from store.feedback import corrections
from store.feedback.corrections import Feedback
from store.figures import drift_reports
from store.figures.drift_reports import Found
from store.models import model_versions
from store.queue import workers
from store.queue.claims import WORKER_LOCKS
from store.queue.workers import WorkerReport
from store.rules import taxonomy
from store.rules.taxonomy import Department, Label
from tests.factories.callers import Serve, a_person, sign_in
from tests.factories.streams import Made, age_model, put

_NOW = datetime.now(UTC)
_EVIL = "<img src=x onerror=alert(1)>"
_ALERT = {
    "signal": "predicted_rate",
    "label": "refund",
    "value": 0.21,
    "limit": 0.2,
    "noise": 0.03,
    "p_value": None,
    "reference": 0.11,
    "current": 0.32,
    "reference_n": 800,
    "current_n": 5000,
    "severity": "alert",
    "sentence": f"refund {_EVIL} is predicted three times as often.",
}


@pytest.fixture
def client(serve: Serve) -> TestClient:
    return serve(audit_share=1, drift_min_tickets=20)


@pytest.fixture
def ops(client: TestClient, engine: Engine) -> TestClient:
    return _as(client, engine, Role.OPS)


def _as(client: TestClient, engine: Engine, role: Role) -> TestClient:
    a_person(engine, f"{role}@example.com", role)
    csrf = sign_in(client, f"{role}@example.com")
    client.headers.update({"accept": "text/html", "x-csrf-token": csrf})
    return client


def _put(engine: Engine, made: list[Made], ago: timedelta = timedelta(hours=2)) -> list[UUID]:
    return transaction(engine, lambda c: put(c, made, version="m1", start=_NOW - ago))


def _made(count: int, **fields: Any) -> list[Made]:
    return [Made(body="x", scores={}, labels=["refund"], **fields) for _ in range(count)]


def _taxonomy(connection: Connection) -> None:
    taxonomy.add_labels(connection, [Label(name="refund"), Label(name=_EVIL)])
    taxonomy.add_departments(connection, [Department(name="sales")])


def _say(engine: Engine, ticket: UUID, kind: FeedbackKind, **fields: Any) -> None:
    feedback = Feedback(ticket_id=ticket, kind=kind, agent="anna", **fields)
    transaction(engine, lambda c: corrections.give(c, feedback))


def _fail(engine: Engine, ids: list[UUID]) -> None:
    with engine.begin() as connection:
        connection.execute(
            text("UPDATE tickets SET state = 'quarantined', error = :error WHERE id = ANY(:ids)"),
            {"ids": ids, "error": f"the tokenizer gave up on {_EVIL}"},
        )


def _states(engine: Engine) -> list[str]:
    states = text("SELECT state FROM tickets ORDER BY id")
    return list(transaction(engine, lambda c: c.execute(states).scalars().all()))


def _serves(engine: Engine) -> None:
    def work(connection: Connection) -> None:
        model_versions.register(
            connection,
            version="m1",
            path=Path("/nowhere"),
            labels=["refund"],
            metrics={"ece": 0.017},
        )
        model_versions.activate(connection, "m1", actor="test")
        age_model(connection, "m1", _NOW - timedelta(days=9))

    transaction(engine, work)


def _report(engine: Engine, days_ago: int = 1) -> int:
    found = Found(
        model_version="m1",
        since=_NOW - timedelta(days=days_ago + 1),
        until=_NOW - timedelta(days=days_ago),
        tickets=500,
        findings=[_ALERT],
    )
    kept = transaction(engine, lambda c: drift_reports.keep(c, found))
    assert kept is not None
    return kept.id


def test_living_and_gone_workers_are_told_apart_with_what_they_serve(
    ops: TestClient, engine: Engine
) -> None:
    said = WorkerReport(
        rung=Rung.LINEAR,
        model_version=None,
        ruleset_version=4,
        counters={"tickets_decided": 1234, "tickets_scored": 90, "chunks": 20},
    )

    def register(connection: Connection, host: str) -> int:
        id_ = workers.register(connection, host=host, pid=7, device="cuda:0", rung=Rung.MODEL)
        workers.report(connection, id_, said)
        return id_

    assert "No worker is alive." in ops.get("/health").text
    transaction(engine, lambda c: register(c, "gone-host"))
    id_ = transaction(engine, lambda c: register(c, "node-a"))
    with engine.connect() as holder:
        lock = text("SELECT pg_advisory_lock(:kind, :id)")
        holder.execute(lock, {"kind": WORKER_LOCKS, "id": id_})
        page = ops.get("/health/now").text
    assert page.index("node-a:7") < page.index(">alive<") < page.index("gone-host:7")
    assert page.index("gone-host:7") < page.index(">gone<")
    assert "No worker is alive." not in page
    for words in ("linear model", "1,234", "4.5", "postgres: answers", "redis: answers"):
        assert words in page


def test_a_dead_redis_is_told_and_the_page_still_comes(serve: Serve, engine: Engine) -> None:
    client = _as(serve(redis_url="redis://127.0.0.1:1/0"), engine, Role.OPS)
    page = client.get("/health").text
    assert "redis: is away" in page
    assert "postgres: answers" in page


def test_figures_say_what_people_and_the_audit_made_of_the_decisions(
    ops: TestClient, engine: Engine
) -> None:
    transaction(engine, _taxonomy)
    _serves(engine)
    ids = _put(engine, _made(8))
    _put(engine, _made(2, rung="keywords"), timedelta(hours=5))
    for ticket in ids[:6]:
        _say(engine, ticket, FeedbackKind.CONFIRMED)
    _say(engine, ids[6], FeedbackKind.WRONG_LABEL, labels=[_EVIL])
    _say(engine, ids[7], FeedbackKind.WRONG_ROUTE, department="sales")
    page = ops.get("/health/figures").text
    assert "10 tickets decided" in page
    for words in ("model <b>8</b>", "keywords <b>2</b>", "20.0 %", "0.017"):
        assert words in page
    # 6 of 8 right: 41 % to 93 % by Wilson's interval.
    assert "75 %" in page
    assert "41 % to 93 %, 8 looked at" in page
    # Of 8 judged predictions of refund one was taken away; the move said nothing against it.
    assert '<td class="number">12 %</td>' in page
    assert "10.0 %" in page, "one of ten moved"
    assert _EVIL not in page


def test_without_a_ticket_each_part_says_so(ops: TestClient) -> None:
    page = ops.get("/health").text
    for words in ("nothing waits", "No ticket is in quarantine", "No window was checked yet."):
        assert words in page
    figures = ops.get("/health/figures").text
    for words in ("Nothing came in the last 24 hours.", "no model serves", "nothing was decided"):
        assert words in figures


def test_marked_tickets_are_tried_again_and_then_all(ops: TestClient, engine: Engine) -> None:
    ids = _put(engine, _made(4))
    _fail(engine, ids[:3])
    page = ops.get("/health").text
    assert "the tokenizer gave up on &lt;img" in page
    assert _EVIL not in page
    answer = ops.post("/health/quarantined", data={"ticket": [str(ids[0]), str(ids[3])]})
    assert "1 put back in the queue" in answer.text
    assert f'value="{ids[0]}"' not in answer.text
    assert _states(engine) == ["accepted", "quarantined", "quarantined", "decided"]
    assert "2 put back" in ops.post("/health/quarantined", data={"every": "true"}).text
    assert _states(engine) == ["accepted", "accepted", "accepted", "decided"]
    told = text("SELECT actor, subject, detail FROM audit_log WHERE action = 'ticket.replayed'")
    rows = transaction(engine, lambda c: c.execute(told).all())
    assert [tuple(row) for row in rows] == [
        ("ops@example.com", f"ticket {ids[0]}", {"tickets": 1}),
        ("ops@example.com", "quarantine", {"tickets": 2}),
    ]


def test_nothing_marked_is_refused_and_tries_nothing(ops: TestClient, engine: Engine) -> None:
    _fail(engine, _put(engine, _made(1)))
    answer = ops.post("/health/quarantined", headers={"hx-request": "true"})
    assert answer.status_code == 422
    assert "mark the tickets" in answer.text
    assert answer.headers["hx-retarget"] == "#notice"
    assert _states(engine) == ["quarantined"]


def test_many_failed_tickets_come_in_pages(ops: TestClient, engine: Engine) -> None:
    ids = _put(engine, _made(51))
    _fail(engine, ids)
    page = ops.get("/health").text
    assert page.count('name="ticket"') == 50
    older = page.split("/health?cursor=")[1].split("#")[0]
    second = ops.get(f"/health?cursor={older}").text
    assert second.count('name="ticket"') == 1
    assert f'value="{ids[0]}"' in second


def test_a_drift_alert_stands_in_words_and_a_check_is_asked_for_and_waited_for(
    ops: TestClient, engine: Engine, redis_url: str
) -> None:
    _serves(engine)
    first = _report(engine, days_ago=2)
    _put(engine, _made(25))
    page = ops.get("/health").text
    assert "is predicted three times as often." in page
    assert _EVIL not in page
    assert f'href="/v1/drift/{first}/page"' in page
    asked = ops.post("/health/drift").text
    assert "a trainer makes it within minutes" in asked
    assert f'hx-get="/health/drift?asked_after={first}"' in asked
    assert redis.Redis.from_url(redis_url).llen(TRAIN_QUEUE) == 1
    _report(engine, days_ago=1)
    assert "asked_after" not in ops.get(f"/health/drift?asked_after={first}").text


def test_a_check_of_too_few_tickets_is_neither_offered_nor_made(
    ops: TestClient, engine: Engine
) -> None:
    _serves(engine)
    _put(engine, _made(3))
    page = ops.get("/health").text
    assert "3 tickets since; a check needs 20." in page
    assert "Check now" not in page
    assert ops.post("/health/drift", headers={"hx-request": "true"}).status_code == 409


def test_agents_see_it_and_are_offered_no_change(client: TestClient, engine: Engine) -> None:
    agent = _as(client, engine, Role.AGENT)
    _serves(engine)
    _put(engine, _made(25))
    _fail(engine, _put(engine, _made(1), timedelta(hours=4)))
    page = agent.get("/health").text
    assert "the tokenizer gave up" in page
    for offer in ("Try all again", "Check now", 'type="checkbox"'):
        assert offer not in page
    assert agent.post("/health/quarantined", data={"every": "true"}).status_code == 403
    assert agent.post("/health/drift").status_code == 403


def test_helpdesks_have_no_such_page(client: TestClient, engine: Engine) -> None:
    desk = _as(client, engine, Role.HELPDESK)
    assert desk.get("/health").status_code == 403
    assert 'href="/health"' not in desk.get("/").text
