"""Figures do not depend on whether, or when, the hours were counted."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import Connection, Engine, text

from core.types import FeedbackKind, GroupBy, Ticket
from store.engine import transaction
from store.feedback import corrections
from store.feedback.corrections import Feedback
from store.figures.hour_counts import BITE, count_hours
from store.figures.quality import Asked, Figures, decisions_between, figures
from store.figures.rule_hits import hits
from store.labels.label_usage import label_sets, tickets_naming
from store.queue.history import take_history
from store.rules import taxonomy
from store.rules.taxonomy import Department, Label
from tests.factories.streams import Made, put

_NOW = datetime.now(UTC)
_THEN = (_NOW - timedelta(days=3)).replace(minute=50, second=0, microsecond=0)
_SINCE = _THEN - timedelta(minutes=20)
_EVERY = timedelta(minutes=1)
_TRACE = '[{"rule": "money", "held": true}, {"rule": "never", "held": false}]'

Look = dict[str, Any]


@pytest.fixture
def tickets(engine: Engine) -> list[UUID]:
    """Forty in two hours, a minute apart, of two languages and departments."""

    def work(connection: Connection) -> list[UUID]:
        taxonomy.add_labels(connection, [Label(name="refund"), Label(name="login")])
        taxonomy.add_departments(connection, [Department(name="sales")])
        made = [
            Made(
                body="x",
                scores={},
                labels=["refund"] if n % 4 else [],
                language=("de", None)[n % 2],
                department=("orders", "sales")[n % 3 == 0],
            )
            for n in range(40)
        ]
        ids = put(connection, made, version="m1", start=_THEN, every=_EVERY)
        ruled = text("UPDATE decisions SET rule = 'money', trace = CAST(:trace AS jsonb)")
        connection.execute(ruled, {"trace": _TRACE})
        return ids

    return transaction(engine, work)


def _say(engine: Engine, ticket: UUID, kind: FeedbackKind, **fields: Any) -> UUID:
    feedback = Feedback(ticket_id=ticket, kind=kind, agent="anna", **fields)
    return transaction(engine, lambda c: corrections.give(c, feedback))


def _count(engine: Engine, now: datetime = _NOW) -> int:
    return transaction(engine, lambda c: count_hours(c, now=now, audit_share=0.5))


def _look(engine: Engine) -> Look:
    """All that is asked of hours, of a period that begins and ends within one."""
    until = _THEN + timedelta(minutes=25)

    def work(connection: Connection) -> Look:
        asked = Asked(since=_SINCE, until=until, audit_share=0.5)
        german = Asked(since=_SINCE, until=until, audit_share=0.5, language="de")
        found: Look = {by: figures(connection, asked, by) for by in GroupBy}
        found["de"] = figures(connection, german, GroupBy.LABEL)
        found["hits"] = hits(connection, _SINCE, until)
        found["decisions"] = decisions_between(connection, _SINCE, until)
        return found | _labels(connection)

    return transaction(engine, work)


def _labels(connection: Connection) -> Look:
    """Of all tickets, whenever they came."""
    sets = {(each.labels, each.corrected): each.tickets for each in label_sets(connection)}
    naming = tickets_naming(connection, ["refund", "login"], most=2)
    return {"sets": sets, "naming": [each.ticket_id for each in naming]}


def _all(found: Look) -> Figures:
    figures_: Figures = found[GroupBy.ALL]["all"]
    return figures_


def test_what_was_counted_is_what_would_be_counted_now(engine: Engine, tickets: list[UUID]) -> None:
    _say(engine, tickets[1], FeedbackKind.CONFIRMED)
    _say(engine, tickets[4], FeedbackKind.WRONG_LABEL, labels=["login"])
    _say(engine, tickets[12], FeedbackKind.WRONG_ROUTE, department="sales")
    before = _look(engine)
    assert (before["decisions"], _all(before).judged, _all(before).moved) == (25, 3, 1)
    assert before["sets"] == {(("refund",), True): 1, (("login",), True): 1}
    assert before["naming"] == [tickets[4], tickets[1]]
    assert [(rule.rule, rule.held, rule.won) for rule in before["hits"].rules] == [
        ("money", 25, 25)
    ]
    assert _count(engine) == 2
    assert _look(engine) == before
    assert _count(engine) == 0


@pytest.mark.parametrize(
    "change",
    [
        lambda engine, tickets: _say(engine, tickets[2], FeedbackKind.WRONG_LABEL, labels=[]),
        lambda engine, tickets: _put_late(engine),
        lambda engine, tickets: _erase(engine, tickets[2]),
    ],
    ids=["a word that comes later", "a ticket that comes late", "a content that goes"],
)
def test_what_happens_after_an_hour_was_counted_moves_its_figures_at_once_and_for_good(
    engine: Engine, tickets: list[UUID], change: Callable[[Engine, list[UUID]], object]
) -> None:
    _count(engine)
    before = _look(engine)
    change(engine, tickets)
    after = _look(engine)
    assert after != before
    assert _count(engine) == 1
    assert _look(engine) == after


def test_a_word_that_is_taken_back_is_not_counted_any_more(
    engine: Engine, tickets: list[UUID]
) -> None:
    given = _say(engine, tickets[2], FeedbackKind.CONFIRMED)
    _count(engine)
    assert _all(_look(engine)).judged == 1
    transaction(engine, lambda c: corrections.withdraw(c, given, agent="anna"))
    assert _all(_look(engine)).judged == 0


def test_labels_that_came_with_an_import_count_before_and_after_their_hour_was(
    engine: Engine, tickets: list[UUID]
) -> None:
    old = [Ticket(id="old-1", subject="x", body="", labels=("refund", "login"))]
    assert _count(engine, now=_NOW + timedelta(hours=1)) == 2
    transaction(engine, lambda c: take_history(c, old, source="before"))
    expected = {(("refund", "login"), False): 1}
    assert _look(engine)["sets"] == expected
    assert _count(engine, now=datetime.now(UTC) + timedelta(hours=1)) == 1
    assert _look(engine)["sets"] == expected
    assert len(_look(engine)["naming"]) == 1


def test_what_comes_in_while_an_hour_is_counted_is_not_lost(
    engine: Engine, tickets: list[UUID]
) -> None:
    """The mark of a transaction that commits after the count outlives it."""
    with engine.connect() as late:
        with late.begin():
            _put_one(late)
            assert _count(engine) == 2
        assert _look(engine)["decisions"] == 26
        assert _count(engine) == 1
        assert _look(engine)["decisions"] == 26


def test_an_hour_that_is_not_over_keeps_its_mark_and_counts_go_in_bites(engine: Engine) -> None:
    many = [Made(body="x", scores={}) for _ in range(BITE + 1)]
    hourly = timedelta(hours=1)
    start = _NOW - hourly * BITE
    transaction(engine, lambda c: put(c, many, version="m1", start=start, every=hourly))
    assert [_count(engine), _count(engine)] == [BITE, 0]
    assert _count(engine, now=_NOW + hourly) == 1


def _put_late(engine: Engine) -> None:
    transaction(engine, _put_one)


def _put_one(connection: Connection) -> None:
    at = _THEN + timedelta(seconds=30)
    put(connection, [Made(body="x", scores={}, labels=["login"])], version="m1", start=at)


def _erase(engine: Engine, ticket: UUID) -> None:
    gone = text("DELETE FROM ticket_contents WHERE ticket_id = :id")
    transaction(engine, lambda c: c.execute(gone, {"id": ticket}))
