"""The review queue: what enters, who holds it, and that what was resolved never comes back."""

import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import Engine, text

from core.errors import Invalid
from core.types import (
    FeedbackKind,
    ReviewOrder,
    ReviewOutcome,
    ReviewReason,
    TicketState,
    Verdict,
)
from store.decided.decisions import finish, give_back_for_rescoring, replay_quarantined
from store.engine import transaction
from store.feedback import corrections, review
from store.feedback.corrections import Feedback
from store.feedback.review import Resolution, ReviewItem
from store.feedback.review_items import Wanted
from store.queue.claims import claim
from store.queue.tickets import accept
from store.rules import taxonomy
from store.rules.taxonomy import Department, Label
from tests.factories.deciding import decide_all
from tests.factories.values import a_ticket, finished

_DOUBT = Wanted(reasons=(ReviewReason.NO_RULE,), uncertainty=0.5, due_s=60)
_AUDIT = replace(_DOUBT, reasons=(ReviewReason.AUDIT,))


@pytest.fixture(autouse=True)
def words(engine: Engine) -> None:
    names = [Label(name=name) for name in ("delivery", "refund")]
    transaction(engine, lambda c: taxonomy.add_labels(c, names))
    transaction(engine, lambda c: taxonomy.add_departments(c, [Department(name="billing")]))


def _send(engine: Engine, *names: str, body: str = "Late") -> None:
    given = [a_ticket(name, body=body) for name in names]
    transaction(engine, lambda c: accept(c, given, source="shop"))


def _decide(engine: Engine, wanted: Wanted | None, *names: str, **more: object) -> None:
    """Decides tickets of these ids, and whatever waits, all of them wanted alike."""
    _send(engine, *names)
    decide_all(engine, change=lambda entry: replace(entry, review=wanted, **more))  # type: ignore[arg-type]


def _take(engine: Engine, agent: str = "ann", **more: object) -> ReviewItem | None:
    return transaction(engine, lambda c: review.claim(c, agent=agent, **{"lease_s": 60, **more}))  # type: ignore[arg-type]


def _held(engine: Engine, agent: str = "ann") -> ReviewItem:
    taken = _take(engine, agent)
    assert taken is not None
    return taken


def _open(
    engine: Engine, order: ReviewOrder = ReviewOrder.DEADLINE, most: int = 99
) -> list[ReviewItem]:
    return transaction(engine, lambda c: review.open_items(c, order=order, most=most))


def _resolve(
    engine: Engine, item: int, outcome: ReviewOutcome, agent: str = "ann", **more: object
) -> UUID | None:
    made = Resolution(outcome=outcome, **more)  # type: ignore[arg-type]
    return transaction(engine, lambda c: review.resolve(c, item, made, agent=agent))


def _give(engine: Engine, ticket: UUID, kind: FeedbackKind, **more: object) -> UUID:
    feedback = Feedback(ticket_id=ticket, kind=kind, agent="bob", **more)  # type: ignore[arg-type]
    return transaction(engine, lambda c: corrections.give(c, feedback))


def _state(engine: Engine) -> str:
    with engine.connect() as connection:
        return str(connection.execute(text("SELECT state FROM tickets")).scalar_one())


def _rows(engine: Engine) -> list[tuple[int, str | None, str | None]]:
    statement = "SELECT revision, outcome, resolved_by FROM review_items ORDER BY id"
    with engine.connect() as connection:
        return [tuple(row) for row in connection.execute(text(statement))]


def test_a_doubtful_decision_waits_for_a_person_and_a_sure_one_does_not(engine: Engine) -> None:
    _decide(engine, None, "sure")
    _decide(engine, _DOUBT, "odd")
    [item] = _open(engine)
    assert (item.external_id, item.reasons) == ("odd", (ReviewReason.NO_RULE,))
    assert (item.primary_department, item.labels) == ("orders", ("delivery",))
    with engine.connect() as connection:
        states = connection.execute(text("SELECT external_id, state FROM tickets")).all()
    assert {tuple(row) for row in states} == {("sure", "decided"), ("odd", "review")}


def test_the_audit_changes_nothing_about_a_ticket(engine: Engine) -> None:
    _decide(engine, _AUDIT, "t")
    assert (len(_open(engine)), _state(engine)) == (1, "decided")


def test_a_decision_waits_once_however_often_its_batch_is_stored(engine: Engine) -> None:
    _send(engine, "t")
    claims = transaction(engine, lambda c: claim(c, worker=1, most=9, lease_s=30))
    batch = [finished(each, review=_DOUBT) for each in claims]
    assert len(transaction(engine, lambda c: finish(c, batch))) == 1
    assert transaction(engine, lambda c: finish(c, batch)) == []
    assert _rows(engine) == [(1, None, None)]


def test_a_new_revision_takes_the_place_of_what_waited(engine: Engine) -> None:
    _decide(engine, _DOUBT, "t")
    held = _held(engine)
    _send(engine, "t", body="Very late")
    assert not _open(engine)
    with pytest.raises(Invalid, match="is not held by ann"):
        _resolve(engine, held.id, ReviewOutcome.ACCEPTED)
    _decide(engine, _DOUBT)
    assert [item.revision for item in _open(engine)] == [2]
    assert _rows(engine) == [(1, "superseded", None), (2, None, None)]


def test_a_decision_made_again_without_doubt_leaves_the_queue(engine: Engine) -> None:
    _decide(engine, _DOUBT, "t", rescore=True)
    assert _state(engine) == "review"
    assert transaction(engine, lambda c: give_back_for_rescoring(c, most=9)) == 1
    assert not _open(engine)
    _decide(engine, None)
    assert (_state(engine), _rows(engine)) == ("decided", [(1, "superseded", None)])


def test_a_decision_made_again_in_doubt_is_nobodys_until_it_is_taken_again(engine: Engine) -> None:
    _decide(engine, _DOUBT, "t", rescore=True)
    before = _held(engine)
    transaction(engine, lambda c: give_back_for_rescoring(c, most=9))
    _decide(engine, replace(_DOUBT, uncertainty=0.9))
    with pytest.raises(Invalid, match="is not held"):
        _resolve(engine, before.id, ReviewOutcome.ACCEPTED)
    [item] = _open(engine)
    assert (item.id, item.uncertainty, item.claimed_by) == (before.id, 0.9, None)


@pytest.mark.parametrize(
    ("outcome", "given", "kind"),
    [
        (ReviewOutcome.ACCEPTED, {}, "confirmed"),
        (ReviewOutcome.REPLACED, {"labels": ["refund"]}, "wrong_label"),
        (ReviewOutcome.REPLACED, {"department": "billing"}, "wrong_route"),
        (ReviewOutcome.SKIPPED, {}, "skipped"),
    ],
)
def test_what_is_resolved_is_feedback_and_never_comes_back(
    engine: Engine, outcome: ReviewOutcome, given: dict[str, Any], kind: str
) -> None:
    _decide(engine, _DOUBT, "t", state=TicketState.DECIDED, rescore=True)
    item = _held(engine)
    _resolve(engine, item.id, outcome, **given)
    with engine.connect() as connection:
        said = connection.execute(text("SELECT kind, agent FROM corrections")).one()
    assert (tuple(said), _state(engine)) == ((kind, "ann"), "decided")
    assert _rows(engine) == [(1, outcome.value, "ann")]
    with engine.begin() as connection:
        connection.execute(text("UPDATE tickets SET state = 'accepted'"))
    _decide(engine, _DOUBT)
    assert (_open(engine), _state(engine)) == ([], "decided")
    with pytest.raises(Invalid, match="or is resolved"):
        _resolve(engine, item.id, outcome, **given)


def test_a_resolution_that_makes_no_sense_changes_nothing(engine: Engine) -> None:
    _decide(engine, _DOUBT, "t")
    item = _held(engine)
    with pytest.raises(Invalid, match="'nosuch' is unknown"):
        _resolve(engine, item.id, ReviewOutcome.REPLACED, labels=["nosuch"])
    with pytest.raises(Invalid, match="labels: are missing"):
        _resolve(engine, item.id, ReviewOutcome.REPLACED)
    with pytest.raises(Invalid, match="is not in the queue"):
        _resolve(engine, item.id + 1, ReviewOutcome.ACCEPTED)
    assert [each.claimed_by for each in _open(engine)] == ["ann"]


@pytest.mark.parametrize(
    ("kind", "given", "outcome"),
    [
        (FeedbackKind.CONFIRMED, {}, "accepted"),
        (FeedbackKind.WRONG_LABEL, {"labels": []}, "replaced"),
        (FeedbackKind.WRONG_ROUTE, {"department": "billing"}, "replaced"),
        (FeedbackKind.MOVED_FOR_LOAD, {}, "accepted"),
    ],
)
def test_feedback_from_elsewhere_resolves_it(
    engine: Engine, kind: FeedbackKind, given: dict[str, object], outcome: str
) -> None:
    _decide(engine, _DOUBT, "t")
    [item] = _open(engine)
    _give(engine, item.ticket_id, kind, **given)
    assert (_rows(engine), _state(engine)) == ([(1, outcome, "bob")], "decided")


def test_feedback_that_nobody_looked_or_on_an_older_revision_resolves_nothing(
    engine: Engine,
) -> None:
    _decide(engine, None, "t")
    _send(engine, "t", body="Very late")
    _decide(engine, _DOUBT)
    [item] = _open(engine)
    _give(engine, item.ticket_id, FeedbackKind.SKIPPED)
    _give(engine, item.ticket_id, FeedbackKind.CONFIRMED, revision=1)
    assert (len(_open(engine)), _state(engine)) == (1, "review")


def test_a_quarantined_ticket_that_was_drawn_stays_quarantined_and_is_replayed(
    engine: Engine,
) -> None:
    _decide(engine, _AUDIT, "t", state=TicketState.QUARANTINED, error="hung")
    assert (len(_open(engine)), _state(engine)) == (1, "quarantined")
    assert len(transaction(engine, replay_quarantined)) == 1
    _decide(engine, _DOUBT)
    assert [item.reasons for item in _open(engine)] == [_DOUBT.reasons]
    assert (len(_rows(engine)), _state(engine)) == (1, "review")


def test_an_erased_ticket_is_not_handed_out(engine: Engine) -> None:
    _decide(engine, _DOUBT, "t")
    with engine.begin() as connection:
        connection.execute(text("UPDATE tickets SET state = 'erased'"))
    assert _take(engine) is None
    assert not _open(engine)


def test_what_is_taken_is_nobody_elses_until_it_is_released_or_its_lease_ends(
    engine: Engine,
) -> None:
    _decide(engine, _DOUBT, "t")
    item = _held(engine, "ann")
    assert _take(engine, "bob") is None
    with pytest.raises(Invalid, match="is not held by bob"):
        transaction(engine, lambda c: review.release(c, item.id, agent="bob"))
    transaction(engine, lambda c: review.release(c, item.id, agent="ann"))
    assert _held(engine, "bob").id == item.id
    transaction(engine, lambda c: review.renew(c, item.id, agent="bob", lease_s=-1))
    assert [each.claimed_by for each in _open(engine)] == [None]
    assert _held(engine, "ann").claimed_by == "ann"
    with pytest.raises(Invalid, match="is not held by bob"):
        _resolve(engine, item.id, ReviewOutcome.ACCEPTED, "bob")
    transaction(engine, lambda c: review.renew(c, item.id, agent="ann", lease_s=60))
    assert _take(engine, "bob") is None


def test_a_named_item_is_taken_if_it_is_free(engine: Engine) -> None:
    _decide(engine, _DOUBT, "a", "b")
    second = _open(engine)[1].id
    taken = _take(engine, item=second)
    assert taken is not None
    assert taken.id == second
    assert _take(engine, "bob", item=second) is None


def test_many_agents_at_once_hold_and_resolve_every_item_exactly_once(
    engine: Engine, postgres_url: str
) -> None:
    _decide(engine, _DOUBT, *(f"t-{n}" for n in range(40)))
    together = threading.Barrier(4)

    def work(agent: str) -> list[int]:
        together.wait()
        done = []
        while (item := _take(engine, agent)) is not None:
            _resolve(engine, item.id, ReviewOutcome.ACCEPTED, agent)
            done.append(item.id)
        return done

    with ThreadPoolExecutor(4) as pool:
        done = list(pool.map(work, ["ann", "bob", "cem", "dee"]))
    every = [item for items in done for item in items]
    assert len(every) == len(set(every)) == 40
    with engine.connect() as connection:
        assert connection.execute(text("SELECT count(*) FROM corrections")).scalar() == 40
    assert not _open(engine)


def test_many_agents_after_one_item_and_one_of_them_has_it(engine: Engine) -> None:
    for round_ in range(10):
        _decide(engine, _DOUBT, f"t-{round_}")
        together = threading.Barrier(4)

        def work(agent: str, together: threading.Barrier = together) -> ReviewItem | None:
            together.wait()
            return _take(engine, agent)

        with ThreadPoolExecutor(4) as pool:
            taken = list(pool.map(work, ["ann", "bob", "cem", "dee"]))
        assert len([item for item in taken if item is not None]) == 1


def test_the_order_is_by_deadline_uncertainty_or_the_audit_first(engine: Engine) -> None:
    _decide(engine, replace(_DOUBT, due_s=300, uncertainty=0.2), "late")
    _decide(engine, replace(_DOUBT, due_s=100, uncertainty=0.1), "soon")
    _decide(engine, replace(_DOUBT, due_s=200, uncertainty=0.9), "unsure")
    _decide(engine, replace(_AUDIT, due_s=400, uncertainty=0.0), "drawn")

    def names(order: ReviewOrder) -> list[str]:
        return [item.external_id for item in _open(engine, order)]

    assert names(ReviewOrder.DEADLINE) == ["soon", "unsure", "late", "drawn"]
    assert names(ReviewOrder.UNCERTAINTY) == ["unsure", "late", "soon", "drawn"]
    assert names(ReviewOrder.AUDIT) == ["drawn", "soon", "unsure", "late"]
    taken = _take(engine, order=ReviewOrder.UNCERTAINTY)
    assert taken is not None
    assert taken.external_id == "unsure"
    assert len(_open(engine, most=2)) == 2


def _held_correction(engine: Engine) -> UUID:
    """A correction on a decided ticket that is kept from training."""
    _decide(engine, None, "t")
    with engine.connect() as connection:
        ticket = connection.execute(text("SELECT id FROM tickets")).scalar_one()
    given = _give(engine, ticket, FeedbackKind.WRONG_LABEL, labels=["refund"])
    for _ in range(2):
        transaction(engine, lambda c: corrections.hold(c, {given: "looks odd"}))
    return given


def _verdicts(engine: Engine) -> dict[tuple[str, ...], Verdict | None]:
    found = transaction(engine, lambda c: list(corrections.standing_label_feedback(c)))
    return {item.labels: item.verdict for item in found}


def test_a_held_correction_waits_once_and_trains_when_it_is_accepted(engine: Engine) -> None:
    given = _held_correction(engine)
    [item] = _open(engine)
    assert (item.correction_id, item.labels) == (given, ("refund",))
    assert item.reasons == (ReviewReason.HELD_CORRECTION,)
    assert _resolve(engine, _held(engine).id, ReviewOutcome.ACCEPTED) is None
    assert _verdicts(engine) == {("refund",): Verdict.RELEASED}
    transaction(engine, lambda c: corrections.hold(c, {given: "again"}))
    assert (_open(engine), _state(engine)) == ([], "decided")


def test_a_held_correction_that_is_replaced_teaches_what_is_given_instead(engine: Engine) -> None:
    _held_correction(engine)
    item = _held(engine)
    with pytest.raises(Invalid, match="labels: are what a held correction is about"):
        _resolve(engine, item.id, ReviewOutcome.REPLACED, department="billing")
    _resolve(engine, item.id, ReviewOutcome.REPLACED, labels=["delivery"])
    assert _verdicts(engine) == {("delivery",): None}
    assert not _open(engine)


def test_a_held_correction_that_is_skipped_stays_held(engine: Engine) -> None:
    _held_correction(engine)
    _resolve(engine, _held(engine).id, ReviewOutcome.SKIPPED)
    assert _verdicts(engine) == {("refund",): Verdict.HELD}
    assert not _open(engine)


@pytest.mark.parametrize("how", ["settle", "withdraw", "newer"])
def test_a_held_correction_that_is_settled_elsewhere_leaves_the_queue(
    engine: Engine, how: str
) -> None:
    given = _held_correction(engine)
    [item] = _open(engine)
    match how:
        case "settle":
            transaction(
                engine, lambda c: corrections.settle(c, [given], Verdict.REJECTED, actor="boss")
            )
        case "withdraw":
            transaction(engine, lambda c: corrections.withdraw(c, given, agent="boss"))
        case _:
            _give(engine, item.ticket_id, FeedbackKind.CONFIRMED)
    assert not _open(engine)


def test_feedback_about_the_route_leaves_a_held_correction_waiting(engine: Engine) -> None:
    _held_correction(engine)
    [item] = _open(engine)
    _give(engine, item.ticket_id, FeedbackKind.MOVED_FOR_LOAD)
    assert [each.id for each in _open(engine)] == [item.id]


def test_what_waits_is_counted_by_each_of_its_reasons(engine: Engine) -> None:
    both = replace(_DOUBT, reasons=(ReviewReason.NO_RULE, ReviewReason.AUDIT))
    _decide(engine, both, "a")
    _decide(engine, _DOUBT, "b", "c")
    _resolve(engine, _held(engine).id, ReviewOutcome.SKIPPED)
    found = transaction(engine, review.waiting_by_reason)
    waiting = {reason: count for reason, count in found.by_reason.items() if count}
    assert (found.items, waiting) == (2, {ReviewReason.NO_RULE: 2})
    assert found.oldest_s > 0
