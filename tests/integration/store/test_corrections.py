from collections.abc import Sequence
from uuid import UUID, uuid4

import pytest
from sqlalchemy import Engine, text

from core.errors import Invalid
from core.types import FeedbackKind, Verdict
from store.decided.decisions import finish
from store.engine import transaction
from store.feedback import corrections
from store.feedback.corrections import Feedback, LabelFeedback
from store.queue.claims import claim
from store.queue.tickets import accept
from store.rules import taxonomy
from store.rules.taxonomy import Department, Label
from tests.factories.values import a_ticket, finished


@pytest.fixture
def tickets(engine: Engine) -> list[UUID]:
    """Three decided tickets, each predicted `delivery`."""

    def work(connection: object) -> list[UUID]:
        taxonomy.add_labels(connection, [Label(name=x) for x in ("delivery", "refund")])  # type: ignore[arg-type]
        taxonomy.add_departments(connection, [Department(name="orders")])  # type: ignore[arg-type]
        given = [a_ticket(f"t-{n}") for n in range(3)]
        stored = accept(connection, given, source="test")  # type: ignore[arg-type]
        claims = claim(connection, worker=1, most=9, lease_s=60)  # type: ignore[arg-type]
        finish(connection, [finished(x) for x in claims])  # type: ignore[arg-type]
        return [entry.id for entry in stored]

    return transaction(engine, work)


def _give(engine: Engine, ticket: UUID, kind: FeedbackKind, **fields: object) -> UUID:
    feedback = Feedback(ticket_id=ticket, kind=kind, agent="anna", **fields)  # type: ignore[arg-type]
    return transaction(engine, lambda c: corrections.give(c, feedback))


def _wrong(engine: Engine, ticket: UUID, labels: Sequence[str]) -> UUID:
    return _give(engine, ticket, FeedbackKind.WRONG_LABEL, labels=labels)


def _settle(engine: Engine, id_: UUID, verdict: Verdict) -> list[UUID]:
    return transaction(engine, lambda c: corrections.settle(c, [id_], verdict, actor="boss"))


def _training(engine: Engine) -> list[LabelFeedback]:
    return transaction(engine, lambda c: list(corrections.standing_label_feedback(c)))


def test_only_what_is_said_about_labels_trains(engine: Engine, tickets: list[UUID]) -> None:
    _wrong(engine, tickets[0], ["refund"])
    _give(engine, tickets[1], FeedbackKind.CONFIRMED)
    _give(engine, tickets[2], FeedbackKind.WRONG_ROUTE, department="orders")
    _give(engine, tickets[2], FeedbackKind.MOVED_FOR_LOAD)
    found = {item.ticket_id: item for item in _training(engine)}
    assert {id_: item.labels for id_, item in found.items()} == {
        tickets[0]: ("refund",),
        tickets[1]: ("delivery",),
    }
    assert found[tickets[0]].predicted == ("delivery",)


def test_the_latest_word_counts_once_and_all_are_kept(engine: Engine, tickets: list[UUID]) -> None:
    _wrong(engine, tickets[0], ["refund"])
    last = _wrong(engine, tickets[0], ["refund", "delivery"])
    _give(engine, tickets[0], FeedbackKind.WRONG_ROUTE, department="orders")
    [item] = _training(engine)
    assert (item.id, item.labels) == (last, ("delivery", "refund"))
    with engine.connect() as connection:
        assert connection.execute(text("SELECT count(*) FROM corrections")).scalar() == 3


def test_what_is_taken_back_lets_the_word_before_stand(engine: Engine, tickets: list[UUID]) -> None:
    first = _wrong(engine, tickets[0], ["refund"])
    second = _wrong(engine, tickets[0], [])
    transaction(engine, lambda c: corrections.withdraw(c, second, agent="anna"))
    assert [item.id for item in _training(engine)] == [first]
    transaction(engine, lambda c: corrections.withdraw(c, first, agent="anna"))
    assert not _training(engine)
    with pytest.raises(Invalid, match="does not stand"):
        transaction(engine, lambda c: corrections.withdraw(c, first, agent="anna"))


def test_an_erased_ticket_teaches_nothing(engine: Engine, tickets: list[UUID]) -> None:
    _wrong(engine, tickets[0], ["refund"])
    with engine.begin() as connection:
        connection.execute(
            text("UPDATE tickets SET state = 'erased' WHERE id = :id"), {"id": tickets[0]}
        )
    assert not _training(engine)
    with pytest.raises(Invalid, match="names no ticket"):
        _wrong(engine, tickets[0], ["refund"])


def test_held_corrections_wait_until_a_person_settles_them(
    engine: Engine, tickets: list[UUID]
) -> None:
    ids = [_wrong(engine, ticket, ["refund"]) for ticket in tickets]
    transaction(engine, lambda c: corrections.hold(c, dict.fromkeys(ids, "looks odd")))
    assert [(x.id, x.reason) for x in transaction(engine, corrections.held)] == [
        (id_, "looks odd") for id_ in ids
    ]
    assert _settle(engine, ids[0], Verdict.RELEASED) == [ids[0]]
    assert _settle(engine, ids[1], Verdict.REJECTED) == [ids[1]]
    assert _settle(engine, ids[1], Verdict.RELEASED) == []
    transaction(engine, lambda c: corrections.hold(c, {ids[0]: "again"}))
    verdicts = {item.id: item.verdict for item in _training(engine)}
    assert verdicts == dict(
        zip(ids, (Verdict.RELEASED, Verdict.REJECTED, Verdict.HELD), strict=True)
    )


@pytest.mark.parametrize(
    ("kind", "fields", "message"),
    [
        (FeedbackKind.WRONG_LABEL, {}, "labels: are missing"),
        (FeedbackKind.WRONG_LABEL, {"labels": ["nonsense"]}, "labels: 'nonsense' is unknown"),
        (FeedbackKind.CONFIRMED, {"labels": ["refund"]}, "labels: do not go with confirmed"),
        (FeedbackKind.WRONG_ROUTE, {}, "department: is missing"),
        (FeedbackKind.WRONG_ROUTE, {"department": "moon"}, "department: 'moon' is unknown"),
        (FeedbackKind.CONFIRMED, {"revision": 2}, "revision: is not in 1 to 1"),
        (FeedbackKind.WITHDRAWN, {}, "kind: is not given but done"),
    ],
)
def test_feedback_that_makes_no_sense_is_refused_by_field(
    engine: Engine,
    tickets: list[UUID],
    kind: FeedbackKind,
    fields: dict[str, object],
    message: str,
) -> None:
    with pytest.raises(Invalid, match=message):
        _give(engine, tickets[0], kind, **fields)


def test_feedback_on_nothing_is_refused(engine: Engine) -> None:
    with pytest.raises(Invalid, match="ticket_id: names no ticket"):
        _give(engine, uuid4(), FeedbackKind.CONFIRMED)
