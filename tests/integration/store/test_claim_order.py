import re
from datetime import UTC, datetime, timedelta

from sqlalchemy import Connection, Engine, text

from core.types import Rung
from store.decided.decisions import finish, give_back_for_rescoring
from store.engine import transaction
from store.queue import workers
from store.queue.claims import _CLAIM_ANY, ALONE_UNTIL, TOGETHER_UNTIL, claim
from store.queue.tickets import accept
from tests.factories.values import a_ticket, finished, tickets


def _order(engine: Engine) -> list[str]:
    """Ids of the waiting tickets in the order in which they would be claimed one by one."""

    def work(connection: Connection) -> list[str]:
        ids = []
        while claims := claim(connection, worker=1, most=1, lease_s=30):
            ids.append(claims[0].ticket.id)
        connection.rollback()
        return ids

    with engine.connect() as connection:
        return work(connection)


def test_tickets_are_claimed_earliest_due_first(engine: Engine) -> None:
    soon = datetime.now(UTC) + timedelta(seconds=20)
    sent = [
        a_ticket("low", priority="low"),
        a_ticket("first"),
        a_ticket("second"),
        a_ticket("high", priority="high"),
        a_ticket("urgent", priority="urgent"),
        a_ticket("deadline", deadline=soon),
    ]
    for ticket in sent:
        transaction(engine, lambda c, t=ticket: accept(c, [t], source="shop"))  # type: ignore[misc]
    assert _order(engine) == ["deadline", "urgent", "high", "first", "second", "low"]


def test_a_ticket_that_waited_long_enough_goes_before_urgent_ones(engine: Engine) -> None:
    transaction(engine, lambda c: accept(c, [a_ticket("old", priority="low")], source="shop"))
    waited = "UPDATE tickets SET due_at = due_at - interval '60 minutes'"
    transaction(engine, lambda c: c.execute(text(waited)))
    urgent = [a_ticket("new", priority="urgent")]
    transaction(engine, lambda c: accept(c, urgent, source="shop"))
    assert _order(engine) == ["old", "new"]


def test_editing_a_waiting_ticket_never_puts_it_off_and_may_bring_it_forward(
    engine: Engine,
) -> None:
    for ticket in (a_ticket("edited"), a_ticket("other"), a_ticket("edited", body="Again")):
        transaction(engine, lambda c, t=ticket: accept(c, [t], source="shop"))  # type: ignore[misc]
    assert _order(engine) == ["edited", "other"]
    urgent = [a_ticket("other", priority="urgent")]
    transaction(engine, lambda c: accept(c, urgent, source="shop"))
    assert _order(engine) == ["other", "edited"]


def test_a_ticket_to_be_scored_again_lets_those_without_a_decision_go_first(
    engine: Engine,
) -> None:
    transaction(engine, lambda c: accept(c, [a_ticket("degraded")], source="shop"))

    def decide(connection: Connection) -> None:
        worker = workers.register(connection, host="h", pid=1, device="cpu", rung=Rung.LINEAR)
        (one,) = claim(connection, worker=worker, most=1, lease_s=30)
        finish(connection, [finished(one, rung=Rung.LINEAR, rescore=True)])

    transaction(engine, decide)
    assert transaction(engine, lambda c: give_back_for_rescoring(c, most=10)) == 1
    transaction(engine, lambda c: accept(c, [a_ticket("new")], source="shop"))
    assert _order(engine) == ["new", "degraded"]


def test_a_claim_reads_only_what_it_takes_however_many_wait(engine: Engine) -> None:
    for start in range(0, 20_000, 5_000):
        many = tickets(5_000, prefix=f"t{start}")
        transaction(engine, lambda c, m=many: accept(c, m, source="shop"))  # type: ignore[misc]
    transaction(engine, lambda c: c.execute(text("ANALYZE tickets")))

    def plan(connection: Connection) -> str:
        explain = text(f"EXPLAIN (ANALYZE, TIMING OFF) {_CLAIM_ANY.text}")
        values = {"worker": 1, "most": 256, "lease_s": 30, "hand_is_empty": True}
        values |= {"together_until": TOGETHER_UNTIL, "alone_until": ALONE_UNTIL}
        return "\n".join(connection.execute(explain, values).scalars())

    told = transaction(engine, plan)
    scans = re.findall(r"Scan using (\S+due_at\S*) .*rows=(\d+)\.", told)
    assert scans, told
    assert sum(int(rows) for _, rows in scans) <= 300, told
    sorted_rows = [int(rows) for rows in re.findall(r"Sort .*rows=(\d+)", told)]
    assert max(sorted_rows) <= 256, told
