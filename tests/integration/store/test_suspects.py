"""Suspects: tickets whose earlier claims ended with their workers, and how they are claimed."""

from typing import Any

import pytest
from sqlalchemy import Connection, Engine, text

from core.types import Rung
from store.engine import transaction
from store.queue import workers
from store.queue.claims import (
    ALONE_UNTIL,
    TOGETHER_UNTIL,
    Claim,
    begin_apart,
    claim,
    give_back_of_the_dead,
    release,
    suspect_is_next,
)
from store.queue.tickets import accept
from tests.factories.values import a_ticket


def _worker(connection: Connection) -> int:
    return workers.register(connection, host="h", pid=1, device="cpu", rung=Rung.MODEL)


def _wait(engine: Engine, **attempts: int) -> None:
    """Tickets that were claimed so often, due in the order given."""

    def work(connection: Connection) -> None:
        for place, (name, count) in enumerate(attempts.items()):
            accept(connection, [a_ticket(name)], source="s")
            connection.execute(
                text(
                    "UPDATE tickets SET attempts = :count, due_at = due_at - make_interval("
                    "mins => :early) WHERE external_id = :name"
                ),
                {"count": count, "early": 60 - place, "name": name},
            )

    transaction(engine, work)


def _claim(engine: Engine, **how: Any) -> list[Claim]:
    return transaction(
        engine, lambda c: claim(c, worker=_worker(c), **{"most": 9, "lease_s": 30, **how})
    )


def _names(claims: list[Claim]) -> set[str]:
    return {entry.ticket.id for entry in claims}


def _attempts(engine: Engine, name: str) -> int:
    with engine.connect() as connection:
        found = text("SELECT attempts FROM tickets WHERE external_id = :name")
        return int(connection.execute(found, {"name": name}).scalar_one())


def _is_next(engine: Engine, *, crash_loop: bool = False) -> bool:
    return transaction(engine, lambda c: suspect_is_next(c, crash_loop=crash_loop))


def test_a_suspect_is_claimed_alone_and_by_an_empty_hand_only(engine: Engine) -> None:
    _wait(engine, suspect=TOGETHER_UNTIL, other=TOGETHER_UNTIL, fresh=0)
    assert _claim(engine, hand_is_empty=False) == []
    assert _is_next(engine)
    assert _names(_claim(engine)) == {"suspect"}


def test_what_is_due_before_a_suspect_goes_together_and_nothing_overtakes_it(
    engine: Engine,
) -> None:
    _wait(engine, fresh=0, retried=TOGETHER_UNTIL - 1, suspect=TOGETHER_UNTIL, later=0)
    assert not _is_next(engine)
    assert _names(_claim(engine)) == {"fresh", "retried"}
    assert _names(_claim(engine, hand_is_empty=False)) == set()
    assert _names(_claim(engine)) == {"suspect"}
    assert _names(_claim(engine)) == {"later"}


def test_in_a_crash_loop_every_ticket_is_a_suspect(engine: Engine) -> None:
    _wait(engine, one=0, two=0)
    assert _is_next(engine, crash_loop=True)
    assert _claim(engine, crash_loop=True, hand_is_empty=False) == []
    assert _names(_claim(engine, crash_loop=True)) == {"one"}


def test_what_a_throwaway_process_scores_goes_beside_any_hand(engine: Engine) -> None:
    _wait(engine, apart=ALONE_UNTIL, suspect=TOGETHER_UNTIL, more=ALONE_UNTIL, fresh=0)
    assert _is_next(engine)
    assert _names(_claim(engine, hand_is_empty=False)) == {"apart"}
    assert _names(_claim(engine)) == {"suspect", "more"}


@pytest.mark.parametrize("kills", [1, 20])
def test_a_kill_is_no_evidence_against_what_only_waited_for_its_own_process(
    engine: Engine, kills: int
) -> None:
    _wait(engine, apart=ALONE_UNTIL)
    for _ in range(kills):
        assert [entry.attempts for entry in _claim(engine)] == [ALONE_UNTIL + 1]
        transaction(engine, give_back_of_the_dead)


def test_an_attempt_in_its_own_process_counts_if_the_claim_still_stands(engine: Engine) -> None:
    _wait(engine, apart=ALONE_UNTIL)
    (held,) = _claim(engine)
    assert transaction(engine, lambda c: begin_apart(c, held))
    assert _attempts(engine, "apart") == ALONE_UNTIL + 2
    transaction(engine, give_back_of_the_dead)
    (again,) = _claim(engine)
    assert again.attempts == ALONE_UNTIL + 2
    assert not transaction(engine, lambda c: begin_apart(c, held))
    assert transaction(engine, lambda c: begin_apart(c, again))
    assert _attempts(engine, "apart") == ALONE_UNTIL + 3


def test_a_suspect_that_is_given_back_in_good_order_stays_what_it_was(engine: Engine) -> None:
    _wait(engine, suspect=TOGETHER_UNTIL)

    def hold_and_release(connection: Connection) -> None:
        worker = _worker(connection)
        release(connection, claim(connection, worker=worker, most=1, lease_s=30), worker=worker)

    transaction(engine, hold_and_release)
    assert _attempts(engine, "suspect") == TOGETHER_UNTIL


def test_what_a_dead_worker_held_waits_before_its_mates_again(engine: Engine) -> None:
    mates = [a_ticket(f"t-{n}") for n in range(6)]
    transaction(engine, lambda c: accept(c, mates, source="s"))
    orphans = _names(_claim(engine, most=2))
    transaction(engine, give_back_of_the_dead)
    assert _names(_claim(engine, most=2)) == orphans
