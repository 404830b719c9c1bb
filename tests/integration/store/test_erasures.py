"""Erasing rows: everything personal goes, the facts stay, and what is gone stays gone."""

import json
import threading
from collections.abc import Sequence
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import Connection, Engine, text

from core.errors import Invalid
from core.types import FeedbackKind, Ticket
from store.decided.decisions import finish
from store.decided.records import ticket_record
from store.delivery.events import Place, decisions_from
from store.engine import transaction
from store.erasure import erasures
from store.erasure.erasures import OneCustomer, OneTicket, begin, erase, erase_some
from store.feedback.corrections import Feedback, give
from store.queue import workers
from store.queue.claims import Claim, claim
from store.queue.dead_letters import DeadLetter, keep
from store.queue.tickets import Outcome, accept, import_labelled
from store.tables import Row
from tests.factories.deciding import decide_all
from tests.factories.values import a_ticket, finished

_MARK = "Xenia Quirk, Elm Row 9"


def _personal(id_: str = "t-Xenia", **changes: Any) -> Ticket:
    fields: dict[str, Any] = {
        "subject": f"From {_MARK}",
        "body": f"I am {_MARK} and my parcel is late",
        "customer": "xenia@example.org",
        "metadata": {"requester": _MARK},
    }
    return a_ticket(id_, **{**fields, **changes})


def _accepted(engine: Engine, *tickets: Ticket, source: str = "shop") -> list[UUID]:
    stored = transaction(engine, lambda c: accept(c, tickets, source=source))
    return [entry.id for entry in stored]


def _everything(engine: Engine) -> str:
    """The whole database as text."""

    def read(connection: Connection) -> str:
        names = [table.name for table in Row.metadata.sorted_tables]
        rows = [connection.execute(text(f"SELECT to_jsonb(t) FROM {name} t")) for name in names]
        return "\n".join(json.dumps(row) for found in rows for row in found.scalars())

    return transaction(engine, read)


def _state(engine: Engine, ticket: UUID) -> str:
    query = text("SELECT state FROM tickets WHERE id = :id")
    return transaction(engine, lambda c: str(c.execute(query, {"id": ticket}).scalar()))


def test_nothing_that_a_ticket_said_is_left_in_any_table_and_the_facts_stay(
    engine: Engine,
) -> None:
    (ticket,) = _accepted(engine, _personal())
    _accepted(engine, _personal(body=f"again, {_MARK}"))
    trace = [{"rule": "r", "conditions": [{"condition": "customer", "value": "xenia@example.org"}]}]
    decide_all(engine)

    def more(connection: Connection) -> None:
        note = Feedback(
            ticket_id=ticket, kind=FeedbackKind.CONFIRMED, agent="ann", note=f"spoke to {_MARK}"
        )
        give(connection, note)
        raw = json.dumps({"id": "t-Xenia", "subject": _MARK, "colour": 1})
        other = raw.replace("t-Xenia", "t-XeniaX").replace("Quirk", "Other")
        keep(
            connection,
            [DeadLetter(source="shop", field="f", error="e", payload=x) for x in (raw, other)],
        )
        connection.execute(text("UPDATE decisions SET trace = :t"), {"t": json.dumps(trace)})
        connection.execute(
            text(
                "UPDATE outbox SET payload = "
                "payload || jsonb_build_object('subject', CAST(:s AS text))"
            ),
            {"s": _MARK},
        )
        connection.execute(text("UPDATE tickets SET error = :s"), {"s": _MARK})

    transaction(engine, more)
    done = erase(engine, ticket, by="ann")
    left = _everything(engine)
    for said in ("Quirk", "xenia", 't-Xenia"', "spoke to"):
        assert said not in left, said
    assert "Xenia Other" in left  # somebody else's, and of another ticket
    assert done.removed["ticket_contents"] == 2
    record = transaction(engine, lambda c: ticket_record(c, ticket))
    assert record is not None
    assert (record["state"], record["ticket"]["body"]) == ("erased", "")
    assert record["decision"]["primary_department"] == "orders"
    assert record["decision"]["scores"] == {"delivery": 0.9, "refund": 0.1}
    events = transaction(engine, lambda c: decisions_from(c, Place(start=UUID(int=0)), most=100))
    assert [event.event for event in events][-1] == "ticket.erased"


def test_an_erased_ticket_does_not_come_back_by_any_door(engine: Engine) -> None:
    (ticket,) = _accepted(engine, _personal())
    erase(engine, ticket, by="ann")
    labelled = _personal(labels=("refund",))

    def again(connection: Connection) -> list[Outcome]:
        stored = [
            *accept(connection, [_personal(), a_ticket("new")], source="shop"),
            *import_labelled(connection, [labelled], source="shop"),
        ]
        assert {entry.id for entry in stored if entry.outcome is Outcome.ERASED} == {ticket}
        return [entry.outcome for entry in stored]

    erased = Outcome.ERASED
    assert transaction(engine, again) == [erased, Outcome.CREATED, erased]
    assert _MARK not in _everything(engine)
    # The same id of another sender is another ticket.
    stored = transaction(engine, lambda c: accept(c, [a_ticket("t-Xenia")], source="forum"))
    assert stored[0].outcome is Outcome.CREATED


def test_a_ticket_in_a_workers_hand_is_not_written_back(engine: Engine) -> None:
    (ticket,) = _accepted(engine, _personal())

    def take(connection: Connection) -> list[Claim]:
        worker = workers.register(connection, host="h", pid=1, device="cpu", rung="model")
        return claim(connection, worker=worker, most=10, lease_s=30)

    claims = transaction(engine, take)
    assert [held.id for held in claims] == [ticket]
    erase(engine, ticket, by="ann")
    kept = transaction(engine, lambda c: finish(c, [finished(held) for held in claims]))
    assert kept == []
    assert _state(engine, ticket) == "erased"
    assert _MARK not in _everything(engine)


def test_a_ticket_that_is_sent_again_while_it_is_erased_does_not_slip_back(engine: Engine) -> None:
    (ticket,) = _accepted(engine, _personal())
    again: list[Outcome] = []

    def send() -> None:
        stored = transaction(engine, lambda c: accept(c, [_personal()], source="shop"))
        again.append(stored[0].outcome)

    begun = transaction(engine, lambda c: begin(c, ticket, by="ann"))
    sender = threading.Thread(target=send)
    with engine.begin() as connection:
        erase_some(connection, begun.id, ticket, by="ann")
        sender.start()
        sender.join(0.5)
        assert again == []
    sender.join()
    assert again == [Outcome.ERASED]
    assert _MARK not in _everything(engine)


def test_a_customer_goes_from_every_ticket_of_every_sender_and_others_stay(engine: Engine) -> None:
    theirs = _accepted(engine, *(_personal(f"x-{n}") for n in range(3)))
    theirs += _accepted(engine, _personal("x-1"), source="forum")
    # Only the first revision named the customer.
    theirs += _accepted(engine, _personal("y"))
    _accepted(engine, a_ticket("y"))
    (other,) = _accepted(engine, _personal("z", customer="xenia@example.com"))
    done = erase(engine, OneCustomer(customer="xenia@example.org"), by="ann")
    assert done.tickets == len(theirs)
    assert {_state(engine, ticket) for ticket in theirs} == {"erased"}
    assert _state(engine, other) == "accepted"
    assert "xenia@example.org" not in _everything(engine)


@pytest.mark.parametrize("first", ["id", "key"])
def test_asked_twice_by_whatever_name_the_first_receipt_is_given(
    engine: Engine, first: str
) -> None:
    (ticket,) = _accepted(engine, _personal())
    names: list[erasures.Subject] = [ticket, OneTicket(source="shop", external_id="t-Xenia")]
    once, again = names if first == "id" else names[::-1]
    done = erase(engine, once, by="ann")
    assert erase(engine, again, by="bob") == done
    assert erase(engine, once, by="bob") == done
    whose = OneCustomer(customer="xenia@example.org")
    with pytest.raises(Invalid, match="customer"):
        erase(engine, whose, by="bob")
    _accepted(engine, _personal("t-2"))
    of_customer = erase(engine, whose, by="bob")
    assert of_customer.tickets == 1
    assert erase(engine, whose, by="bob") == of_customer
    audit = text("SELECT count(*) FROM audit_log WHERE action = 'tickets.erased'")
    assert transaction(engine, lambda c: c.execute(audit).scalar()) == 2


def test_what_was_killed_half_way_is_gone_on_with(
    engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(erasures, "_BITE", 2)
    theirs = _accepted(engine, *(_personal(f"x-{n}") for n in range(5)))
    whose = OneCustomer(customer="xenia@example.org")
    begun = transaction(engine, lambda c: begin(c, whose, by="ann"))
    transaction(engine, lambda c: erase_some(c, begun.id, whose, by="ann"))
    assert [_state(engine, ticket) for ticket in theirs].count("erased") == 2
    done = erase(engine, whose, by="bob")
    assert (done.id, done.tickets, done.requested_by) == (begun.id, 5, "ann")
    assert done.removed["ticket_contents"] == 5
    # After the last bite, before the end was noted.
    (ticket,) = _accepted(engine, _personal("y"))
    begun = transaction(engine, lambda c: begin(c, ticket, by="ann"))
    transaction(engine, lambda c: erase_some(c, begun.id, ticket, by="ann"))
    done = erase(engine, ticket, by="ann")
    assert (done.id, done.tickets) == (begun.id, 1)
    assert done.rows_done_at is not None


@pytest.mark.parametrize(
    "subject",
    [UUID(int=1), OneTicket(source="shop", external_id="none"), OneCustomer(customer="no")],
)
def test_what_was_never_here_is_refused(engine: Engine, subject: erasures.Subject) -> None:
    with pytest.raises(Invalid):
        erase(engine, subject, by="ann")


def test_a_kept_answer_that_names_the_ticket_goes_and_others_stay(engine: Engine) -> None:
    mine, other = _accepted(engine, _personal(), a_ticket("other"))
    answers: Sequence[dict[str, Any]] = [
        {"id": str(mine), "external_id": "t-Xenia"},
        {"tickets": [{"id": str(other)}, {"id": str(mine), "external_id": "t-Xenia"}]},
        {"id": str(other)},
        {"tickets": [{"outcome": "refused"}]},
    ]

    def work(connection: Connection) -> None:
        connection.execute(
            text(
                "INSERT INTO api_tokens (name, role, secret_hash, created_by) "
                "VALUES ('t', 'helpdesk', '', 'ann')"
            )
        )
        for number, answer in enumerate(answers):
            connection.execute(
                text(
                    "INSERT INTO idempotency_keys (token_id, key, request_hash, answer) "
                    "SELECT id, :key, '', CAST(:answer AS json) FROM api_tokens"
                ),
                {"key": str(number), "answer": json.dumps(answer)},
            )

    transaction(engine, work)
    erase(engine, mine, by="ann")
    keys = text("SELECT key FROM idempotency_keys ORDER BY key")
    assert transaction(engine, lambda c: list(c.execute(keys).scalars())) == ["2", "3"]
