from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import Engine, text

from core.audit_sample import AUDIT_SALT, is_drawn
from core.types import FeedbackKind, GroupBy
from store.engine import transaction
from store.feedback import corrections
from store.feedback.corrections import Feedback
from store.figures.audit_sample import (
    AuditCount,
    Judged,
    audit_by_version,
    audit_unseen,
    judged_by_version,
)
from store.figures.quality import Asked, Figures, Outcome, figures
from store.rules import taxonomy
from store.rules.taxonomy import Department, Label
from tests.factories.streams import Made, put

_NOW = datetime.now(UTC)
_SINCE = _NOW - timedelta(days=30)
_FIRST_DAY = (_NOW - timedelta(days=3)).replace(hour=1, minute=0)
_SECOND_DAY = _FIRST_DAY + timedelta(days=1)


def _made(*labels: str, **changes: object) -> Made:
    fields: dict[str, object] = {"body": "late", "scores": {}, "labels": labels}
    return Made(**{**fields, **changes})  # type: ignore[arg-type]


@pytest.fixture
def tickets(engine: Engine) -> list[UUID]:
    """Four of `m1` on one day, two of `m2` on the next; `m0` is too long ago."""

    def work(connection: object) -> list[UUID]:
        names = ("billing", "login", "refund")
        taxonomy.add_labels(connection, [Label(name=x) for x in names])  # type: ignore[arg-type]
        taxonomy.add_departments(connection, [Department(name="sales")])  # type: ignore[arg-type]
        first = [
            _made("refund", language="de", channel="email"),
            _made("refund", "billing", language="en"),
            _made("login", language="en"),
            _made(language="en"),
        ]
        second = [_made("refund", department="sales", language="de"), _made("login")]
        ids = put(connection, first, version="m1", start=_FIRST_DAY)  # type: ignore[arg-type]
        ids += put(connection, second, version="m2", start=_SECOND_DAY)  # type: ignore[arg-type]
        long_ago = _SINCE - timedelta(days=9)
        old = put(connection, [_made("refund")], version="m0", start=long_ago)  # type: ignore[arg-type]
        return [*ids, *old]

    return transaction(engine, work)


def _give(engine: Engine, ticket: UUID, kind: FeedbackKind, **fields: object) -> UUID:
    feedback = Feedback(ticket_id=ticket, kind=kind, agent="anna", **fields)  # type: ignore[arg-type]
    return transaction(engine, lambda c: corrections.give(c, feedback))


def _wrong(engine: Engine, ticket: UUID, labels: Sequence[str]) -> UUID:
    return _give(engine, ticket, FeedbackKind.WRONG_LABEL, labels=labels)


def _figures(engine: Engine, by: GroupBy = GroupBy.ALL, **filters: Any) -> dict[str, Figures]:
    asked = Asked(since=_SINCE, **filters)
    return transaction(engine, lambda c: figures(c, asked, by))


def _outcomes(found: Figures) -> tuple[int, int, int]:
    accepted, replaced, skipped = (found.outcomes[outcome] for outcome in Outcome)
    return accepted, replaced, skipped


@pytest.fixture
def said(engine: Engine, tickets: list[UUID]) -> list[UUID]:
    """Feedback on all but one ticket of the last thirty days."""
    _give(engine, tickets[0], FeedbackKind.CONFIRMED)
    _wrong(engine, tickets[1], ["refund", "login"])
    _give(engine, tickets[2], FeedbackKind.SKIPPED)
    _wrong(engine, tickets[3], ["billing"])
    _give(engine, tickets[4], FeedbackKind.WRONG_ROUTE, department="sales")
    _wrong(engine, tickets[6], [])
    return tickets


@pytest.mark.usefixtures("said")
def test_all_together_is_what_agents_said_of_tickets_of_these_days(engine: Engine) -> None:
    found = _figures(engine)["all"]
    assert (found.tickets, found.covered) == (6, 5)
    assert _outcomes(found) == (1, 3, 1)
    assert found.override_rate == 0.75
    # Of judged labels: refund, refund and billing, nothing, refund against what they have.
    assert (found.hits, found.predicted, found.actual) == (3, 4, 5)
    assert (found.precision, found.recall, found.coverage) == (3 / 4, 3 / 5, 5 / 6)


@pytest.mark.usefixtures("said")
def test_a_label_was_left_taken_away_missed_or_passed_over(engine: Engine) -> None:
    found = _figures(engine, GroupBy.LABEL)
    assert list(found) == ["billing", "login", "refund"]
    assert _outcomes(found["refund"]) == (3, 0, 0)
    assert _outcomes(found["billing"]) == (0, 1, 0)
    assert _outcomes(found["login"]) == (0, 0, 1)
    assert (found["billing"].precision, found["billing"].recall) == (0, 0)
    assert (found["login"].precision, found["login"].recall) == (None, 0)
    assert {name: group.tickets for name, group in found.items()} == {
        "billing": 1,
        "login": 2,
        "refund": 3,
    }


@pytest.mark.usefixtures("said")
@pytest.mark.parametrize(
    ("by", "judged"),
    [
        (GroupBy.DAY, {f"{_FIRST_DAY:%Y-%m-%d}": 3, f"{_SECOND_DAY:%Y-%m-%d}": 1}),
        (GroupBy.VERSION, {"m1": 3, "m2": 1}),
        (GroupBy.LANGUAGE, {"de": 2, "en": 2, "not told": 0}),
        (GroupBy.CHANNEL, {"email": 1, "not told": 3}),
        (GroupBy.DEPARTMENT, {"orders": 3, "sales": 1}),
    ],
)
def test_figures_are_told_apart(engine: Engine, by: GroupBy, judged: dict[str, int]) -> None:
    found = _figures(engine, by)
    assert {name: group.judged for name, group in found.items()} == judged
    assert sum(group.tickets for group in found.values()) == 6


@pytest.mark.usefixtures("said")
def test_filters_leave_the_others_out(engine: Engine) -> None:
    assert _figures(engine, version="m2")["all"].tickets == 2
    german = _figures(engine, GroupBy.LABEL, language="de", department="orders")
    assert list(german) == ["refund"]
    assert _figures(engine, channel="fax") == {}


def test_the_newest_word_that_stands_counts_about_labels_and_route_apart(
    engine: Engine, tickets: list[UUID]
) -> None:
    _wrong(engine, tickets[0], [])
    taken_back = _wrong(engine, tickets[1], [])
    transaction(engine, lambda c: corrections.withdraw(c, taken_back, agent="anna"))
    _give(engine, tickets[0], FeedbackKind.MOVED_FOR_LOAD)
    assert _outcomes(_figures(engine)["all"]) == (0, 1, 0)
    _give(engine, tickets[0], FeedbackKind.CONFIRMED)
    assert _outcomes(_figures(engine)["all"]) == (1, 0, 0)


def test_names_that_a_label_had_before_are_counted_as_what_it_is_called_now(
    engine: Engine, tickets: list[UUID]
) -> None:
    _wrong(engine, tickets[0], ["refund"])
    with engine.begin() as connection:
        connection.execute(text("UPDATE labels SET name = 'money back' WHERE name = 'refund'"))
        connection.execute(
            text(
                "INSERT INTO label_moves (kind, before, after, actor) "
                "VALUES ('rename', '{refund}', '{money back}', 'test')"
            )
        )
    _wrong(engine, tickets[4], ["money back"])
    found = _figures(engine, GroupBy.LABEL)["money back"]
    assert (found.tickets, found.precision, found.recall) == (3, 1, 1)


def _unseen(engine: Engine, share: float) -> set[UUID]:
    found = transaction(engine, lambda c: audit_unseen(c, _SINCE, share, most=9999))
    return {item.ticket_id for item in found}


def test_sql_draws_the_tickets_that_the_rule_draws(engine: Engine) -> None:
    many = [_made() for _ in range(1500)]
    ids = transaction(engine, lambda c: put(c, many, version="m1", start=_FIRST_DAY))
    for share in (0.0, 0.02, 0.5, 1.0):
        expected = {id_ for id_ in ids if is_drawn(str(id_), AUDIT_SALT, share)}
        assert _unseen(engine, share) == expected


def test_the_audit_counts_drawn_tickets_alone_and_lists_those_nobody_looked_at(
    engine: Engine, said: list[UUID]
) -> None:
    everything = transaction(engine, lambda c: audit_by_version(c, _SINCE, 1.0))
    assert everything == {
        "m1": AuditCount(drawn=4, judged=3, right=1),
        "m2": AuditCount(drawn=2, judged=1, right=0),
    }
    unseen = transaction(engine, lambda c: audit_unseen(c, _SINCE, 1.0, most=10))
    assert [item.ticket_id for item in unseen] == [said[2], said[5]]
    half = transaction(engine, lambda c: audit_by_version(c, _SINCE, 0.5))
    drawn = [id_ for id_ in said[:6] if is_drawn(str(id_), AUDIT_SALT, 0.5)]
    assert sum(count.drawn for count in half.values()) == len(drawn)
    assert transaction(engine, lambda c: audit_by_version(c, _SINCE, 0.0)) == {}


@pytest.mark.usefixtures("said")
def test_metrics_count_by_version_what_was_said(engine: Engine) -> None:
    assert transaction(engine, lambda c: judged_by_version(c, _SINCE, 1.0)) == {
        "m1": Judged(accepted=1, replaced=2, skipped=1, audited=3, audited_right=1),
        "m2": Judged(accepted=0, replaced=1, skipped=0, audited=1, audited_right=0),
    }
    none_drawn = transaction(engine, lambda c: judged_by_version(c, _SINCE, 0.0))
    assert none_drawn["m1"].audited == 0
