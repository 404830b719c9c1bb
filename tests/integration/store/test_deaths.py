"""Workers that died with tickets in hand, and tickets that may be why."""

from sqlalchemy import Connection, Engine, text

from store.engine import transaction
from store.queue import workers
from store.queue.claims import claim, give_back_as_suspects, give_back_of_the_dead
from store.queue.deaths import recent_deaths
from store.queue.tickets import accept
from store.queue.workers import WorkerReport
from tests.factories.values import tickets


def _worker(connection: Connection) -> int:
    return workers.register(connection, host="here", pid=1, device="cpu", rung="model")


def _holding(engine: Engine) -> int:
    """A worker that holds no lock, as if it were dead, and three tickets."""

    def work(connection: Connection) -> int:
        worker = _worker(connection)
        accept(connection, tickets(3, prefix=f"w{worker}"), source="s")
        claim(connection, worker=worker, most=3, lease_s=30)
        return worker

    return transaction(engine, work)


def _deaths(engine: Engine) -> int:
    return transaction(engine, lambda c: recent_deaths(c, within_s=60))


def test_who_died_with_tickets_in_hand_is_counted_once_and_who_held_none_is_not(
    engine: Engine,
) -> None:
    transaction(engine, _worker)
    _holding(engine)
    _holding(engine)
    for _ in range(2):
        transaction(engine, give_back_of_the_dead)
    assert _deaths(engine) == 2


def test_who_reports_again_was_not_dead(engine: Engine) -> None:
    worker = _holding(engine)
    transaction(engine, give_back_of_the_dead)
    said = WorkerReport(rung="model", model_version=None, ruleset_version=None, counters={})
    transaction(engine, lambda c: workers.report(c, worker, said))
    assert _deaths(engine) == 0


def test_a_death_long_ago_does_not_count(engine: Engine) -> None:
    _holding(engine)
    transaction(engine, give_back_of_the_dead)
    with engine.begin() as connection:
        connection.execute(text("UPDATE workers SET seen_at = now() - interval '61s'"))
    assert _deaths(engine) == 0


def test_suspects_wait_again_with_the_attempts_that_they_are_given(engine: Engine) -> None:
    def work(connection: Connection) -> list[int]:
        worker = _worker(connection)
        accept(connection, tickets(3), source="s")
        held = claim(connection, worker=worker, most=3, lease_s=30)
        give_back_as_suspects(connection, held[:2], worker=worker, attempts=3)
        again = claim(connection, worker=worker, most=3, lease_s=30)
        return [entry.attempts for entry in again]

    assert transaction(engine, work) == [4, 4]
