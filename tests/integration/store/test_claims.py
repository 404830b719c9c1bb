import time
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from sqlalchemy import Engine, text

from core.types import Rung, TicketState
from store.decided.decisions import finish, give_back_for_rescoring, replay_quarantined
from store.engine import make_lock_engine, transaction
from store.queue import workers
from store.queue.claims import (
    Claim,
    claim,
    give_back_of_the_dead,
    hold_worker_lock,
    release,
    renew,
)
from store.queue.tickets import accept
from tests.factories.values import a_ticket, finished, tickets


def _worker(engine: Engine) -> int:
    return transaction(
        engine, lambda c: workers.register(c, host="h", pid=1, device="cpu", rung=Rung.MODEL)
    )


def _claim(engine: Engine, worker: int, most: int = 10, lease_s: float = 30) -> list[Claim]:
    return transaction(engine, lambda c: claim(c, worker=worker, most=most, lease_s=lease_s))


def _states(engine: Engine) -> list[str]:
    with engine.connect() as connection:
        return list(connection.execute(text("SELECT state FROM tickets ORDER BY id")).scalars())


def _count(engine: Engine, table: str) -> int:
    with engine.connect() as connection:
        return int(connection.execute(text(f"SELECT count(*) FROM {table}")).scalar_one())


@contextmanager
def _living(postgres_url: str, worker: int) -> Iterator[None]:
    with make_lock_engine(postgres_url).connect() as connection:
        hold_worker_lock(connection, worker)
        yield


def test_two_workers_never_hold_the_same_ticket(engine: Engine) -> None:
    transaction(engine, lambda c: accept(c, tickets(20), source="shop"))
    one, two = _worker(engine), _worker(engine)
    first, second = _claim(engine, one, most=12), _claim(engine, two, most=12)
    assert (len(first), len(second)) == (12, 8)
    assert not {x.id for x in first} & {x.id for x in second}


def test_a_claim_carries_the_newest_revision(engine: Engine) -> None:
    transaction(engine, lambda c: accept(c, [a_ticket()], source="shop"))
    transaction(engine, lambda c: accept(c, [a_ticket(body="Newer")], source="shop"))
    claimed = _claim(engine, _worker(engine))
    assert (claimed[0].revision, claimed[0].ticket.body) == (2, "Newer")


def test_a_claim_tells_how_long_the_ticket_waited_and_what_people_said_of_it(
    engine: Engine,
) -> None:
    transaction(engine, lambda c: accept(c, [a_ticket(labels=("delivery",))], source="shop"))
    past = "UPDATE tickets SET next_at = next_at - interval '10 s'"
    transaction(engine, lambda c: c.execute(text(past)))
    (held,) = _claim(engine, _worker(engine))
    assert held.waited_s >= 10
    assert held.ticket.labels == ("delivery",)


def test_only_the_named_tickets_are_claimed(engine: Engine) -> None:
    stored = transaction(engine, lambda c: accept(c, tickets(3), source="shop"))
    worker = _worker(engine)
    wanted = [stored[1].id]
    claimed = transaction(engine, lambda c: claim(c, worker=worker, most=9, lease_s=30, ids=wanted))
    assert [x.id for x in claimed] == wanted


def test_claims_of_a_dead_worker_are_given_back_and_those_of_a_living_one_are_not(
    engine: Engine, postgres_url: str
) -> None:
    transaction(engine, lambda c: accept(c, tickets(4), source="shop"))
    dead, living = _worker(engine), _worker(engine)
    _claim(engine, dead, most=2)
    _claim(engine, living, most=2)
    with _living(postgres_url, living):
        assert transaction(engine, give_back_of_the_dead) == 2
    assert sorted(_states(engine)) == ["accepted", "accepted", "claimed", "claimed"]


def test_leases_that_ran_out_and_claims_of_the_dead_are_counted_together(
    engine: Engine, postgres_url: str
) -> None:
    transaction(engine, lambda c: accept(c, tickets(3), source="shop"))
    dead, living = _worker(engine), _worker(engine)
    _claim(engine, living, most=2)
    over = "UPDATE tickets SET lease_until = clock_timestamp() WHERE state = 'claimed'"
    transaction(engine, lambda c: c.execute(text(over)))
    _claim(engine, dead, most=1)
    with _living(postgres_url, living):
        assert transaction(engine, give_back_of_the_dead) == 3


def test_a_lease_that_ran_out_is_given_back_even_if_the_worker_lives(
    engine: Engine, postgres_url: str
) -> None:
    transaction(engine, lambda c: accept(c, [a_ticket()], source="shop"))
    worker = _worker(engine)
    with _living(postgres_url, worker):
        _claim(engine, worker, lease_s=0.05)
        time.sleep(0.1)
        assert transaction(engine, give_back_of_the_dead) == 1


def test_a_renewed_lease_is_kept(engine: Engine, postgres_url: str) -> None:
    transaction(engine, lambda c: accept(c, [a_ticket()], source="shop"))
    worker = _worker(engine)
    with _living(postgres_url, worker):
        [held] = _claim(engine, worker, lease_s=0.05)
        transaction(engine, lambda c: renew(c, worker=worker, lease_s=30, tokens=[held.token]))
        time.sleep(0.1)
        assert transaction(engine, give_back_of_the_dead) == 0


def test_a_claim_that_its_worker_does_not_know_of_is_not_renewed(
    engine: Engine, postgres_url: str
) -> None:
    """It was committed, and the answer was lost with the connection."""
    transaction(engine, lambda c: accept(c, [a_ticket()], source="shop"))
    worker = _worker(engine)
    with _living(postgres_url, worker):
        _claim(engine, worker, lease_s=0.05)
        transaction(engine, lambda c: renew(c, worker=worker, lease_s=30, tokens=[]))
        time.sleep(0.1)
        assert transaction(engine, give_back_of_the_dead) == 1


def test_a_zombie_cannot_finish_what_was_given_to_somebody_else(engine: Engine) -> None:
    transaction(engine, lambda c: accept(c, [a_ticket()], source="shop"))
    zombie = _claim(engine, _worker(engine))[0]
    transaction(engine, give_back_of_the_dead)
    heir = _claim(engine, _worker(engine))[0]
    assert transaction(engine, lambda c: finish(c, [finished(zombie)])) == []
    assert transaction(engine, lambda c: finish(c, [finished(heir)])) == [heir.id]
    assert _count(engine, "decisions") == 1


def test_a_new_revision_voids_the_claim_on_the_old_one(engine: Engine) -> None:
    transaction(engine, lambda c: accept(c, [a_ticket()], source="shop"))
    claimed = _claim(engine, _worker(engine))
    transaction(engine, lambda c: accept(c, [a_ticket(body="Changed")], source="shop"))
    assert transaction(engine, lambda c: finish(c, [finished(claimed[0])])) == []
    assert _states(engine) == ["accepted"]


def test_finishing_twice_under_one_claim_happens_once(engine: Engine) -> None:
    transaction(engine, lambda c: accept(c, tickets(3), source="shop"))
    done = [finished(x) for x in _claim(engine, _worker(engine))]
    assert len(transaction(engine, lambda c: finish(c, done))) == 3
    assert transaction(engine, lambda c: finish(c, done)) == []
    assert (_count(engine, "decisions"), _count(engine, "outbox")) == (3, 3)


def test_released_claims_do_not_count_as_attempts(engine: Engine) -> None:
    transaction(engine, lambda c: accept(c, [a_ticket()], source="shop"))
    worker = _worker(engine)
    claimed = _claim(engine, worker)
    transaction(engine, lambda c: release(c, claimed, worker=worker))
    assert _claim(engine, worker)[0].attempts == 1


@pytest.mark.parametrize("state", [TicketState.DECIDED, TicketState.QUARANTINED])
def test_a_decision_made_again_keeps_the_old_one_as_history(
    engine: Engine, state: TicketState
) -> None:
    transaction(engine, lambda c: accept(c, [a_ticket()], source="shop"))
    worker = _worker(engine)
    first = finished(_claim(engine, worker)[0], rung=Rung.KEYWORDS, state=state, rescore=True)
    transaction(engine, lambda c: finish(c, [first]))
    back = give_back_for_rescoring if state is TicketState.DECIDED else None
    if back:
        assert transaction(engine, lambda c: back(c, most=10)) == 1
    else:
        assert len(transaction(engine, replay_quarantined)) == 1
    second = finished(_claim(engine, worker)[0], primary="billing")
    transaction(engine, lambda c: finish(c, [second]))
    with engine.connect() as connection:
        now = connection.execute(text("SELECT primary_department, rung FROM decisions")).one()
    assert tuple(now) == ("billing", "model")
    assert (_count(engine, "decision_history"), _count(engine, "outbox")) == (1, 2)


def test_a_corrected_ticket_is_never_scored_again(engine: Engine) -> None:
    transaction(engine, lambda c: accept(c, [a_ticket()], source="shop"))
    claimed = _claim(engine, _worker(engine))[0]
    low = finished(claimed, rung=Rung.LINEAR, rescore=True)
    transaction(engine, lambda c: finish(c, [low]))
    transaction(
        engine,
        lambda c: c.execute(
            text(
                "INSERT INTO corrections (id, ticket_id, revision, kind, agent) "
                "VALUES (gen_random_uuid(), :id, 1, 'wrong_label', 'ann')"
            ),
            {"id": claimed.id},
        ),
    )
    assert transaction(engine, lambda c: give_back_for_rescoring(c, most=10)) == 0
