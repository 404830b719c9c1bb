"""Tickets that people pass from department to department end at the human lead, once."""

from functools import partial
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import Engine, text

from core.types import FeedbackKind, ReviewOutcome, ReviewReason
from store.engine import transaction
from store.feedback import corrections, review
from store.feedback.corrections import Feedback
from store.feedback.ping_pong import PingPong, end_ping_pong
from store.feedback.review import Resolution, ReviewItem
from store.feedback.route_corrections import route_words
from store.queue.tickets import accept
from store.rules import taxonomy
from store.rules.taxonomy import Department, Label
from tests.factories.deciding import decide_all
from tests.factories.values import a_ticket

_WHEN = PingPong(moves=3, lead="", due_s=60)


@pytest.fixture
def ticket(engine: Engine) -> UUID:
    """Decided for `orders`; the default department leads."""

    def work(connection: Any) -> None:
        taxonomy.add_labels(connection, [Label(name="delivery"), Label(name="refund")])
        names = [Department(name=name) for name in ("billing", "sales", "leads")]
        taxonomy.add_departments(connection, names)
        accept(connection, [a_ticket()], source="shop")

    transaction(engine, work)
    decide_all(engine)
    return transaction(
        engine, lambda c: UUID(str(c.execute(text("SELECT id FROM tickets")).scalar()))
    )


def _move(
    engine: Engine, ticket: UUID, *departments: str, kind: FeedbackKind = FeedbackKind.WRONG_ROUTE
) -> list[UUID]:
    said = [
        Feedback(ticket_id=ticket, kind=kind, agent=f"agent of {to}", department=to)
        for to in departments
    ]
    return [transaction(engine, partial(corrections.give, feedback=each)) for each in said]


def _end(engine: Engine, when: PingPong = _WHEN) -> list[UUID]:
    return transaction(engine, lambda c: end_ping_pong(c, when))


def _waiting(engine: Engine) -> list[ReviewItem]:
    return transaction(engine, lambda c: review.open_items(c, most=10))


def _belongs(engine: Engine) -> list[str]:
    return [word.belongs for word in transaction(engine, lambda c: route_words(c, most=100))]


def _lead_says(engine: Engine, made: Resolution) -> None:
    def work(connection: Any) -> None:
        item = review.claim(connection, agent="lead", lease_s=60)
        assert item is not None
        review.resolve(connection, item.id, made, agent="lead")

    transaction(engine, work)


def test_a_ticket_reassigned_three_times_waits_for_the_lead_once(
    engine: Engine, ticket: UUID
) -> None:
    _move(engine, ticket, "billing", "sales")
    assert _end(engine) == []
    last = _move(engine, ticket, "billing", kind=FeedbackKind.MOVED_FOR_LOAD)[0]
    assert _end(engine) == [ticket]
    assert _end(engine) == []
    (item,) = _waiting(engine)
    assert (item.reasons, item.correction_id) == ((ReviewReason.PING_PONG,), last)
    assert item.due_at is not None
    told = text("SELECT payload FROM outbox WHERE event = 'ticket.ping_pong'")
    payload = transaction(engine, lambda c: c.execute(told).scalar_one())
    assert (payload["moves"], payload["department"]) == (3, "service-desk")


def test_the_lead_is_the_department_that_is_set(engine: Engine, ticket: UUID) -> None:
    _move(engine, ticket, "billing", "sales", "billing")
    _end(engine, PingPong(moves=3, lead="leads", due_s=60))
    (held,) = transaction(engine, corrections.held)
    assert held.reason == "reassigned 3 times; leads leads"


def test_words_that_move_nothing_or_were_taken_back_do_not_count(
    engine: Engine, ticket: UUID
) -> None:
    _move(engine, ticket, "billing", "billing", "billing", "sales")
    assert _end(engine) == []
    back = _move(engine, ticket, "billing")[0]
    transaction(engine, lambda c: corrections.withdraw(c, back, agent="ann"))
    assert _end(engine) == []


def test_what_was_said_last_is_no_signal_until_the_lead_has_spoken(
    engine: Engine, ticket: UUID
) -> None:
    _move(engine, ticket, "billing", "sales", "billing")
    assert _belongs(engine) == ["billing"]
    _end(engine)
    assert _belongs(engine) == []
    _lead_says(engine, Resolution(outcome=ReviewOutcome.REPLACED, department="sales"))
    assert _belongs(engine) == ["sales"]
    assert _waiting(engine) == []
    assert transaction(engine, corrections.held) == []
    _move(engine, ticket, "billing", "sales", "billing")
    assert _end(engine) == [], "what a person resolved does not come back"


def test_a_lead_who_accepts_says_that_the_decision_was_right(engine: Engine, ticket: UUID) -> None:
    _move(engine, ticket, "billing", "sales", "billing")
    _end(engine)
    _lead_says(engine, Resolution(outcome=ReviewOutcome.ACCEPTED))
    assert _belongs(engine) == ["orders"]


def test_neither_another_move_nor_a_word_about_labels_takes_it_from_the_lead(
    engine: Engine, ticket: UUID
) -> None:
    _move(engine, ticket, "billing", "sales", "billing")
    _end(engine)
    _move(engine, ticket, "sales")
    say = Feedback(ticket_id=ticket, kind=FeedbackKind.WRONG_LABEL, agent="ann", labels=["refund"])
    transaction(engine, lambda c: corrections.give(c, say))
    assert [item.reasons for item in _waiting(engine)] == [(ReviewReason.PING_PONG,)]
