"""What `finish` leaves of a decision: its row, its events, what waits for people, sketches."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any
from uuid import UUID

from sqlalchemy import Engine, text

from core.events import EventName
from core.types import ReviewReason, Rung, TicketState
from store.decided.decisions import Finished, finish, give_back_for_rescoring, replay_quarantined
from store.engine import transaction
from store.feedback.review_items import Wanted
from store.queue import workers
from store.queue.claims import Claim, claim
from store.queue.tickets import accept
from tests.factories.delivering import an_endpoint
from tests.factories.values import a_routing, finished, tickets

_ROUTING = a_routing(
    collaborators=("billing",),
    preselected=("refund",),
    suggested=("login",),
    trace=[{"rule": "late-parcels", "held": True}],
)


def _claims(engine: Engine, count: int) -> list[Claim]:
    """So many claimed tickets, in the order of their ids."""
    worker = transaction(
        engine, lambda c: workers.register(c, host="h", pid=1, device="cpu", rung=Rung.MODEL)
    )
    transaction(engine, lambda c: accept(c, tickets(count), source="shop"))
    claimed = transaction(engine, lambda c: claim(c, worker=worker, most=count, lease_s=30))
    return sorted(claimed, key=lambda each: each.id)


def _finish(engine: Engine, entries: Sequence[Finished]) -> None:
    assert len(transaction(engine, lambda c: finish(c, entries))) == len(entries)


def _decided(one: Claim, **changes: Any) -> Finished:
    entry = finished(one, **changes)
    return replace(entry, decision=replace(entry.decision, routing=_ROUTING))


def _wanted(*reasons: ReviewReason) -> Wanted:
    return Wanted(reasons=reasons, uncertainty=0.5, due_s=60)


def _rows(engine: Engine, query: str) -> list[Any]:
    with engine.connect() as connection:
        return [tuple(row) for row in connection.execute(text(query))]


def _events(engine: Engine) -> list[tuple[str, dict[str, Any]]]:
    return [
        (event, payload)
        for event, payload in _rows(engine, "SELECT event, payload FROM outbox ORDER BY id")
    ]


def _routed(ticket_id: UUID) -> dict[str, Any]:
    return {
        "ticket_id": str(ticket_id),
        "revision": 1,
        "primary_department": "orders",
        "collaborators": ["billing"],
        "labels": ["delivery"],
        "preselected": ["refund"],
        "suggested": ["login"],
        "reason": "rule",
        "rung": "model",
    }


def test_what_was_decided_by_stands_in_the_row(engine: Engine) -> None:
    (one,) = _claims(engine, 1)
    _finish(engine, [_decided(one)])
    query = "SELECT trace, scores, labels, preselected, suggested, claim_token FROM decisions"
    scores = {"delivery": 0.9, "refund": 0.1}
    row = (_ROUTING.trace, scores, ["delivery"], ["refund"], ["login"], one.token)
    assert _rows(engine, query) == [row]


def test_receivers_are_told_all_of_a_decision_by_the_names_that_docs_give(engine: Engine) -> None:
    an_endpoint(engine, "https://example.com/", events=[EventName.TICKET_CLASSIFIED])
    plain, doubted, failed = _claims(engine, 3)
    _finish(
        engine,
        [
            _decided(plain),
            _decided(doubted, review=_wanted(ReviewReason.NO_RULE, ReviewReason.AUDIT)),
            _decided(failed, state=TicketState.QUARANTINED, error="it hangs"),
        ],
    )
    told = [entry for entry in _events(engine) if entry[0] != "ticket.classified"]
    assert told == [
        ("ticket.routed", _routed(plain.id)),
        ("ticket.routed", _routed(doubted.id)),
        ("ticket.review_required", {**_routed(doubted.id), "reasons": ["no_rule", "audit"]}),
        ("ticket.route_failed", _routed(failed.id)),
    ]
    classified = [payload for event, payload in _events(engine) if event == "ticket.classified"]
    assert len(classified) == 3
    assert classified[0] == {
        "ticket_id": str(plain.id),
        "revision": 1,
        "labels": ["delivery"],
        "preselected": ["refund"],
        "suggested": ["login"],
        "scores": {"delivery": 0.9, "refund": 0.1},
        "rung": "model",
        "model_version": "m",
    }


def test_only_a_doubt_makes_a_decided_ticket_wait_whatever_its_batch_mates_do(
    engine: Engine,
) -> None:
    doubted, drawn, plain, failed = _claims(engine, 4)
    doubt = _wanted(ReviewReason.NO_RULE)
    _finish(
        engine,
        [
            _decided(doubted, review=doubt),
            _decided(drawn, review=_wanted(ReviewReason.AUDIT)),
            _decided(plain),
            _decided(failed, review=doubt, state=TicketState.QUARANTINED, error="it hangs"),
        ],
    )
    states = ["review", "decided", "decided", "quarantined"]
    assert [state for (state,) in _rows(engine, "SELECT state FROM tickets ORDER BY id")] == states
    waits = [event for event, _ in _events(engine)].count("ticket.review_required")
    assert waits == 1


def test_what_is_in_no_doubt_any_more_leaves_the_queue_of_people(engine: Engine) -> None:
    one, _other = _claims(engine, 2)
    doubted = _decided(one, review=_wanted(ReviewReason.NO_RULE), rescore=True)
    _finish(engine, [doubted])
    assert transaction(engine, lambda c: give_back_for_rescoring(c, most=10)) == 1
    again = transaction(engine, lambda c: claim(c, worker=1, most=1, lease_s=30))
    _finish(engine, [_decided(again[0])])
    assert _rows(engine, "SELECT outcome FROM review_items") == [("superseded",)]
    assert _rows(engine, f"SELECT state FROM tickets WHERE id = '{one.id}'") == [("decided",)]


def test_a_ticket_of_an_incident_joins_it_and_others_leave_what_they_are_like(
    engine: Engine,
) -> None:
    member, loose = _claims(engine, 2)
    made = (
        "INSERT INTO incidents (department, labels, policies, sketch) "
        "VALUES ('orders', '{}', '{}', '') RETURNING id"
    )
    incident = transaction(engine, lambda c: c.execute(text(made)).scalar_one())
    _finish(engine, [_decided(member, incident=incident), _decided(loose, sketch=b"like this")])
    joined = _rows(engine, "SELECT ticket_id, incident_id FROM incident_tickets")
    assert joined == [(member.id, incident)]
    (sketched,) = _rows(engine, "SELECT ticket_id, sketch FROM ticket_sketches")
    assert (sketched[0], bytes(sketched[1])) == (loose.id, b"like this")
    told = [("ticket.routed", {**_routed(member.id), "incident": incident})]
    assert _events(engine) == [*told, ("ticket.routed", _routed(loose.id))]


def test_only_the_named_quarantined_tickets_are_tried_again(engine: Engine) -> None:
    claims = _claims(engine, 3)
    _finish(engine, [_decided(each, state=TicketState.QUARANTINED, error="x") for each in claims])
    named = [claims[1].id]
    assert transaction(engine, lambda c: replay_quarantined(c, ids=named)) == named
    states = [state for (state,) in _rows(engine, "SELECT state FROM tickets ORDER BY id")]
    assert states == ["quarantined", "accepted", "quarantined"]
