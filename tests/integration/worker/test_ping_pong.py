"""A ticket that people pass on and on reaches the human lead while everything runs."""

import time
from functools import partial
from typing import Any

import pytest
from sqlalchemy import Connection, text

from core.types import ReviewOutcome, ReviewReason
from router.feedback import Said, take_feedback
from store.engine import transaction
from store.feedback import review
from store.feedback.review import ReviewFilter, ReviewItem
from store.rules.taxonomy import Department, add_departments
from tests.factories.values import a_ticket
from tests.faults.conftest import System
from tests.integration.worker.conftest import SystemUnder

_PATIENCE_S = 60


@pytest.fixture(autouse=True)
def settings(monkeypatch: pytest.MonkeyPatch) -> None:
    """Before the system is made, which keeps the environment of that moment."""
    monkeypatch.setenv("POINTSMAN_PING_PONG_DEPARTMENT", "leads")
    monkeypatch.setenv("POINTSMAN_AUDIT_SHARE", "0")


@pytest.fixture
def system(system_under: SystemUnder) -> System:
    made = system_under({"default_department": "service-desk", "rules": []})
    names = [Department(name="sales"), Department(name="leads")]
    transaction(made.engine, lambda c: add_departments(c, names))
    return made


def _move(connection: Connection, to: str) -> None:
    ticket = connection.execute(text("SELECT id FROM tickets")).scalar_one()
    said = Said(agent=f"agent of {to}", outcome=ReviewOutcome.REPLACED, department=to)
    take_feedback(connection, ticket, said, ignored=frozenset())


def _wait_for_the_lead(system: System) -> ReviewItem:
    until = time.monotonic() + _PATIENCE_S
    fits = ReviewFilter(reason=ReviewReason.PING_PONG)
    while time.monotonic() < until:
        if found := transaction(system.engine, lambda c: review.page(c, fits, most=2)):
            (item,) = found
            return item
        time.sleep(0.2)
    raise AssertionError("nobody was told")


def test_the_third_reassignment_puts_the_ticket_before_the_lead(system: System) -> None:
    system.sender.send([a_ticket()])
    system.start_worker()
    system.wait_until_decided()
    for to in ("billing", "sales", "billing"):
        transaction(system.engine, partial(_move, to=to))
    item = _wait_for_the_lead(system)
    assert item.external_id == "t-1"

    def event(connection: Connection) -> Any:
        told = "SELECT payload FROM outbox WHERE event = 'ticket.ping_pong'"
        return connection.execute(text(told)).scalar_one()

    payload = transaction(system.engine, event)
    assert (payload["department"], payload["moves"]) == ("leads", 3)
