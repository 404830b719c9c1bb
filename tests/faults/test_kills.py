"""C1 to C4, C14, C21: processes that die, stop, stand still or have the wrong time."""

import os
import signal
import threading
import time
from pathlib import Path
from random import Random
from uuid import UUID

import pytest
from sqlalchemy import Connection, Engine, text

from store.engine import transaction
from store.queue import workers
from tests.factories.processes import wait_until
from tests.factories.values import a_ticket, tickets
from tests.faults.conftest import Run, RunningWorker, System, not_here

_FAKETIME = "libfaketime.so.1"
_ROUND = 100
"""Tickets a kill."""
_POINTS = ("after_claim", "in_model", "mid_outbox", "before_commit", "after_commit")


@pytest.mark.timeout(7200)
@pytest.mark.parametrize("in_a_row", [True, False], ids=["in a row", "each the first in a minute"])
def test_c1_kills_at_random_moments_lose_and_double_nothing(
    system: System, run: Run, in_a_row: bool
) -> None:
    """Many kills in a row are a crash loop, in which a worker holds one ticket; one kill is not."""
    what = "kill -9 of workers, " + ("in a row" if in_a_row else "one in a minute")
    chance = run.chance(what)
    for _ in range(3):
        system.start_worker("--slow-s=0.03")
    kills, recoveries = run.of(3, 20, 150), list[float]()
    for round_ in range(kills):
        if not in_a_row:
            _let_a_minute_pass(system.engine)
        recoveries += _kill_one(system, chance, round_)
    system.wait_until_decided()
    system.close_books("C1", what, faults=kills, recoveries=recoveries)
    assert len(system.ledger.ids("accepted")) == _ROUND * kills


def _let_a_minute_pass(engine: Engine) -> None:
    statement = "UPDATE workers SET seen_at = seen_at - interval '1 minute' WHERE id = ANY(:dead)"

    def work(connection: Connection) -> None:
        dead = [entry.id for entry in workers.workers(connection) if not entry.alive]
        connection.execute(text(statement), {"dead": dead})

    transaction(engine, work)


def _send(system: System, round_: int) -> None:
    for start in range(0, _ROUND, 25):
        ids = [f"t-{round_}-{start + n}" for n in range(25)]
        system.sender.send([a_ticket(id_, body=f"Case {id_}") for id_ in ids])


def _kill_one(system: System, chance: Random, round_: int) -> list[float]:
    """Kills one of at least two living workers.

    Returns:
        Seconds from the kill until the last ticket in its hands was decided, if it had any.
    """
    system.wait_for_workers(2)
    sending = threading.Thread(target=_send, args=(system, round_))
    sending.start()
    wait_until(lambda: _claims(system.engine) > 0, timeout_s=60, what="tickets in hand")
    time.sleep(chance.uniform(0.0, 0.1))
    victim = chance.choice(sorted(system.alive(), key=lambda worker: worker.id))
    os.kill(victim.pid, signal.SIGKILL)
    killed = time.monotonic()
    orphans = _claimed_by(system.engine, victim.id)
    wait_until(
        lambda: not _still_claimed_or_waiting(system.engine, orphans),
        timeout_s=240,
        what="the victim's tickets decided",
        seen=system.processes.logs,
    )
    took = time.monotonic() - killed
    if took > 3:
        print(f"round {round_}: {took:.1f} s\n{_seen(system.engine, orphans)}")
    sending.join()
    system.wait_until_seen_dead(victim.id)
    return [took] if orphans else []


def _claimed_by(engine: Engine, worker: int) -> list[UUID]:
    statement = text("SELECT id FROM tickets WHERE state = 'claimed' AND claimed_by = :worker")
    with engine.connect() as connection:
        return list(connection.execute(statement, {"worker": worker}).scalars())


def _still_claimed_or_waiting(engine: Engine, ids: list[UUID]) -> bool:
    statement = text(
        "SELECT EXISTS (SELECT 1 FROM tickets WHERE id = ANY(:ids) "
        "AND state IN ('accepted', 'claimed'))"
    )
    with engine.connect() as connection:
        return bool(connection.execute(statement, {"ids": ids}).scalar())


def _seen(engine: Engine, ids: list[UUID]) -> str:
    """What a slow recovery is traced by: attempts of the orphans, and when they were decided."""
    statement = text(
        "SELECT attempts, count(*), min(decided_at), max(decided_at) FROM tickets "
        "WHERE id = ANY(:ids) GROUP BY 1"
    )
    with engine.connect() as connection:
        return "\n".join(map(str, connection.execute(statement, {"ids": ids})))


def test_c2_a_worker_killed_at_each_named_point_loses_and_doubles_nothing(
    system: System, run: Run
) -> None:
    system.start_worker()
    deaths = 0
    for round_ in range(run.of(1, 3, 50)):
        for point in _POINTS:
            doomed = system.start_worker(f"--failpoint={point}:2")
            _feed_until_dead(system, doomed, f"{round_}-{point}")
            doomed.end()
            deaths += doomed.deaths
    system.wait_until_decided()
    system.close_books("C2", "kill -9 at named points", faults=deaths)


def _feed_until_dead(system: System, doomed: RunningWorker, prefix: str) -> None:
    """Sends until the doomed worker got its share and met its end."""

    def spur() -> bool:
        if not doomed.deaths:
            system.sender.send(tickets(10, prefix=f"{prefix}-{time.monotonic_ns()}"))
        return doomed.deaths > 0

    wait_until(spur, timeout_s=240, what=f"{prefix} reached", seen=system.processes.logs)


def test_c3_sigterm_in_mid_batch_ends_in_time_and_gives_the_rest_back(
    system: System, run: Run
) -> None:
    exits = []
    rounds = run.of(1, 10, 100)
    for round_ in range(rounds):
        worker = system.start_worker("--slow-s=0.02")
        system.wait_for_workers(1)
        system.sender.send(tickets(300, prefix=f"r{round_}"))
        worker.stop()
        began = time.monotonic()
        worker.process.terminate()
        assert worker.process.wait(timeout=30) == 0
        exits.append(time.monotonic() - began)
        assert not _claims(system.engine)
    system.start_worker()
    system.wait_until_decided()
    findings = system.close_books("C3", "SIGTERM in mid-batch", faults=rounds, recoveries=exits)
    assert max(row.attempts for row in findings.rows) == 1  # nothing was worked on twice


def _claims(engine: Engine) -> int:
    with engine.connect() as connection:
        statement = text("SELECT count(*) FROM tickets WHERE state = 'claimed'")
        return int(connection.execute(statement).scalar_one())


@pytest.mark.short
def test_c4_a_door_killed_around_its_commit_takes_each_ticket_once(
    system: System, run: Run
) -> None:
    system.start_worker()
    deaths = 0
    for round_ in range(run.of(1, 5, 100)):
        for point in ("before_commit", "after_commit"):
            web = system.start_web(f"--failpoint={point}:2")
            sender = web.sender()
            for part in ("a", "b", "c"):
                batch = tickets(3, prefix=f"{round_}-{point}-{part}")
                first, again = sender.send(batch), sender.send(batch)
                assert first == again
            web.running.end()
            deaths += web.running.deaths
    system.wait_until_decided()
    system.close_books("C4", "kill -9 of the door around its commit", faults=deaths)
    assert deaths >= run.of(1, 5, 100) * 2


def test_c14_a_worker_that_stood_still_beyond_its_lease_changes_nothing(
    system: System, run: Run
) -> None:
    rounds = run.of(1, 3, 50)
    lease = {"POINTSMAN_LEASE_S": "1"}
    zombie = system.start_worker("--slow-s=0.05", **lease)
    system.wait_for_workers(1)
    heir = system.start_worker(**lease)
    system.wait_for_workers(2)
    for round_ in range(rounds):
        system.sender.send(tickets(300, prefix=f"z{round_}"))
        wait_until(lambda: _holds(system, zombie), timeout_s=60, what="the zombie holds tickets")
        os.kill(zombie.process.pid, signal.SIGSTOP)
        try:
            system.wait_until_decided()
        finally:
            os.kill(zombie.process.pid, signal.SIGCONT)
        time.sleep(0.5)
    heir.stop()
    system.close_books("C14", "worker stood still beyond its lease", faults=rounds)
    assert zombie.deaths == 0
    assert _fenced(system) > 0


def _holds(system: System, worker: RunningWorker) -> bool:
    statement = text(
        "SELECT count(*) FROM tickets t JOIN workers w ON w.id = t.claimed_by "
        "WHERE w.pid = :pid AND t.state = 'claimed'"
    )
    with system.engine.connect() as connection:
        found = connection.execute(statement, {"pid": worker.process.pid})
        return int(found.scalar_one()) > 0


def _fenced(system: System) -> float:
    """Decisions that came too late; a worker reports them within a second or so."""

    def total() -> float:
        return sum(x.report.counters.get("tickets_fenced", 0) for x in system.alive())

    wait_until(lambda: total() > 0, timeout_s=30, what="late decisions refused")
    return total()


@pytest.mark.short
def test_c21_a_wrong_clock_on_one_worker_has_no_effect(system: System, run: Run) -> None:
    library = _faketime()
    normal = system.start_worker("--slow-s=0.05")
    system.wait_for_workers(1)
    skews = ("+3600s", "-3600s")[: run.of(1, 2, 2)]
    for skew in skews:
        skewed = system.execute_worker("--slow-s=0.05", **faketime(library, skew))
        system.wait_for_workers(2)
        for part in range(4):
            system.sender.send(tickets(100, prefix=f"{skew}{part}"))
        system.wait_until_decided()
        skewed.end()
    normal.stop()
    findings = system.close_books("C21", "clock of a worker an hour off", faults=len(skews))
    assert max(row.attempts for row in findings.rows) == 1


def _faketime() -> Path:
    found = sorted(Path("/usr/lib").glob(f"*/faketime/{_FAKETIME}"))
    if not found:
        not_here("libfaketime is not here: apt-get install faketime")
    return found[0]


def faketime(library: Path, skew: str) -> dict[str, str]:
    """Settings of a process that believes in another time of day."""
    return {"LD_PRELOAD": str(library), "FAKETIME": skew, "FAKETIME_DONT_FAKE_MONOTONIC": "1"}
