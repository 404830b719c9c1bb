"""Many tickets that say nearly the same become one incident, whoever decides them."""

import json
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import Engine, text

from core.types import Reason, ReviewReason, Rung
from store.decided import incidents
from store.decided.decisions import finish
from store.decided.incidents import Incident
from store.engine import transaction
from store.feedback import review
from store.feedback.review_items import Wanted
from store.queue import workers
from store.queue.claims import claim
from store.queue.tickets import accept
from store.rules.taxonomy import Department, add_departments
from tests.factories.values import a_ticket, finished
from worker.counters import Counters
from worker.storms import StormPlan, Storms

_SAMPLES = Path(__file__).parents[3] / "samples" / "tickets.jsonl"
_PLAN = StormPlan(tickets=10, window_s=300, similarity=0.5, quiet_s=3600)
_DOUBT = Wanted(reasons=(ReviewReason.NO_RULE,), uncertainty=0.5, due_s=60)


@pytest.fixture(autouse=True)
def departments(engine: Engine) -> None:
    names = [Department(name=name) for name in ("orders", "billing")]
    transaction(engine, lambda c: add_departments(c, names))


def _worker(engine: Engine, plan: StormPlan = _PLAN) -> Storms:
    return Storms(engine, plan, Counters())


def _like_each_other(first: int, count: int) -> list[tuple[str, str]]:
    return [
        (
            f"s-{n}",
            f"Hello, I am customer {n}. Since {n % 12}:{n % 60} nobody here can log in to the "
            f"shop, it says that the session is not valid any more. Regards, {chr(65 + n % 26)}.",
        )
        for n in range(first, first + count)
    ]


def _ordinary(count: int) -> list[tuple[str, str]]:
    lines = _SAMPLES.read_text(encoding="utf-8").splitlines()[:count]
    return [(f"o-{n}", json.loads(line)["body"]) for n, line in enumerate(lines)]


def _decide(
    engine: Engine, storms: Storms, *, most: int = 1000, department: str = "orders"
) -> list[UUID]:
    """Claims and decides what waits, as one worker does; each decision is in doubt."""

    def work(connection: Any) -> list[UUID]:
        worker = workers.register(connection, host="h", pid=1, device="cpu", rung=Rung.MODEL)
        claims = claim(connection, worker=worker, most=most, lease_s=30)
        made = [finished(each, primary=department, review=_DOUBT) for each in claims]
        return finish(connection, storms.follow(made, [each.ticket.body for each in claims]))

    return transaction(engine, work)


def _send(engine: Engine, tickets: Sequence[tuple[str, str]]) -> None:
    given = [a_ticket(name, body=body) for name, body in tickets]
    transaction(engine, lambda c: accept(c, given, source="shop"))


def _open(engine: Engine) -> list[Incident]:
    return transaction(engine, lambda c: incidents.page(c, is_open=True, before=None, most=10))


def _one(engine: Engine, query: str) -> Any:
    with engine.connect() as connection:
        return connection.execute(text(query)).scalar_one()


def _events(engine: Engine, name: str) -> int:
    return int(_one(engine, f"SELECT count(*) FROM outbox WHERE event = '{name}'"))


def test_a_storm_that_two_workers_decide_at_once_is_one_incident_told_once(engine: Engine) -> None:
    both = [_worker(engine), _worker(engine)]
    _send(engine, _like_each_other(0, 60))

    def work(storms: Storms) -> int:
        decided = 0
        while some := _decide(engine, storms, most=4):
            decided += len(some)
            storms.look()
        return decided

    with ThreadPoolExecutor(2) as pool:
        decided = sum(pool.map(work, both))
    for storms in both:
        storms.look()
    (found,) = _open(engine)
    assert (decided, found.tickets, found.department) == (60, 60, "orders")
    assert (_events(engine, "incident.opened"), _events(engine, "ticket.routed")) == (1, 60)
    assert len(transaction(engine, lambda c: review.open_items(c, most=100))) == 1
    assert _one(engine, "SELECT count(*) FROM tickets WHERE state = 'decided'") == 59


def test_sixty_ordinary_tickets_of_one_department_are_no_incident(engine: Engine) -> None:
    storms = _worker(engine)
    _send(engine, _ordinary(60))
    assert len(_decide(engine, storms)) == 60
    storms.look()
    assert _open(engine) == []
    assert len(transaction(engine, lambda c: review.open_items(c, most=100))) == 60


def test_later_tickets_follow_the_incident_and_are_no_work_for_reviewers(engine: Engine) -> None:
    first, second = _worker(engine), _worker(engine)
    _send(engine, _like_each_other(0, 12))
    _decide(engine, first)
    first.look()
    second.look()
    _send(engine, [*_like_each_other(20, 3), *_ordinary(2)])
    _decide(engine, second, department="billing")
    (found,) = _open(engine)
    assert found.tickets == 15
    led = f"SELECT count(*) FROM decisions WHERE reason = '{Reason.INCIDENT}' AND rule IS NULL "
    assert _one(engine, led + "AND primary_department = 'orders'") == 3
    assert _one(engine, "SELECT count(*) FROM decisions WHERE primary_department = 'billing'") == 2
    told = "SELECT count(*) FROM outbox WHERE event = 'ticket.routed' AND payload ? 'incident'"
    assert _one(engine, told) == 3
    assert len(transaction(engine, lambda c: review.open_items(c, most=100))) == 1 + 2


def test_rules_and_levels_other_than_those_of_the_incident_say_where_its_tickets_go(
    engine: Engine,
) -> None:
    storms = _worker(engine)
    _send(engine, _like_each_other(0, 10))
    _decide(engine, storms)
    storms.look()
    other = "UPDATE incidents SET policies = ARRAY['0/of-then']"
    transaction(engine, lambda c: c.execute(text(other)))
    storms.look()
    _send(engine, _like_each_other(20, 2))
    _decide(engine, storms, department="billing")
    (found,) = _open(engine)
    assert found.tickets == 12
    assert _one(engine, "SELECT count(*) FROM decisions WHERE primary_department = 'billing'") == 2


def test_what_chance_drew_for_the_audit_is_looked_at_in_a_storm_too(engine: Engine) -> None:
    storms = _worker(engine)
    _send(engine, _like_each_other(0, 10))
    _decide(engine, storms)
    storms.look()
    drawn = Wanted(reasons=(ReviewReason.NO_RULE, ReviewReason.AUDIT), uncertainty=0.5, due_s=60)
    _send(engine, _like_each_other(20, 1))

    def work(connection: Any) -> None:
        worker = workers.register(connection, host="h", pid=1, device="cpu", rung=Rung.MODEL)
        (each,) = claim(connection, worker=worker, most=9, lease_s=30)
        made = [finished(each, review=drawn)]
        (followed,) = storms.follow(made, [each.ticket.body])
        assert followed.review == replace(drawn, reasons=(ReviewReason.AUDIT,))
        finish(connection, [followed])

    transaction(engine, work)
    assert len(transaction(engine, lambda c: review.open_items(c, most=100))) == 2


def test_a_closed_incident_leads_nobody_and_a_new_storm_is_a_new_one(engine: Engine) -> None:
    storms = _worker(engine)
    _send(engine, _like_each_other(0, 10))
    _decide(engine, storms)
    storms.look()
    (found,) = _open(engine)
    assert transaction(engine, lambda c: incidents.close(c, found.id, actor="ann"))
    assert not transaction(engine, lambda c: incidents.close(c, found.id, actor="bob"))
    assert _events(engine, "incident.closed") == 1
    storms.look()
    _send(engine, _like_each_other(20, 9))
    _decide(engine, storms, department="billing")
    storms.look()
    assert _open(engine) == []
    _send(engine, _like_each_other(40, 1))
    _decide(engine, storms, department="billing")
    storms.look()
    (again,) = _open(engine)
    assert (again.department, again.tickets) == ("billing", 10)


def test_an_incident_that_nobody_joins_ends_by_itself(engine: Engine) -> None:
    storms = _worker(engine, replace(_PLAN, quiet_s=0.0))
    _send(engine, _like_each_other(0, 10))
    _decide(engine, storms)
    storms.look()
    assert _open(engine) == []
    closed = transaction(engine, lambda c: incidents.page(c, is_open=False, before=None, most=9))
    assert [each.closed_by for each in closed] == [None]
    assert (
        _one(engine, "SELECT payload->>'tickets' FROM outbox WHERE event = 'incident.closed'")
        == "10"
    )


def test_switched_off_it_keeps_and_finds_nothing(engine: Engine) -> None:
    storms = _worker(engine, replace(_PLAN, tickets=0))
    _send(engine, _like_each_other(0, 20))
    _decide(engine, storms)
    storms.look()
    assert _one(engine, "SELECT count(*) FROM ticket_sketches") == 0
    assert _open(engine) == []
