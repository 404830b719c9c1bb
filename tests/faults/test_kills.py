import os
import random
import signal
import threading
import time
from collections.abc import Callable
from uuid import UUID

import pytest
from sqlalchemy import Engine, text

from tests.factories.processes import wait_until
from tests.factories.values import a_ticket, tickets
from tests.faults.conftest import RunningWorker, System
from tests.faults.ledger import compare

SEED = 20261122


@pytest.mark.parametrize("point", ["after_claim", "in_model", "before_commit", "after_commit"])
def test_a_worker_killed_at_a_named_point_loses_and_doubles_nothing(
    system: System, point: str
) -> None:
    peer = system.start_worker()
    doomed = system.start_worker(f"--failpoint={point}:2")
    system.wait_for_workers(2)
    for start in range(0, 200, 20):
        system.sender.send([a_ticket(f"t-{start + n}", body=f"Case {n}") for n in range(20)])
        time.sleep(0.05)
    wait_until(
        lambda: _spur(system, doomed),
        timeout_s=240,
        what="the failpoint reached",
        seen=system.processes.logs,
    )
    system.wait_until_decided()
    for worker in (peer, doomed):
        worker.stop()
    assert compare(system.engine, system.ledger).are_none


def _spur(system: System, doomed: RunningWorker) -> bool:
    """Sends more until the doomed worker got its share and met its end."""
    if not doomed.deaths:
        system.sender.send(tickets(10, prefix=f"more-{time.monotonic_ns()}"))
    return doomed.deaths > 0


@pytest.mark.timeout(1200)
def test_twenty_kills_at_random_moments_lose_and_double_nothing(
    system: System, record_property: Callable[[str, object], None]
) -> None:
    chance = random.Random(SEED)
    running = [system.start_worker() for _ in range(3)]
    recoveries = [_kill_one(system, chance, round_) for round_ in range(20)]
    system.wait_until_decided()
    for worker in running:
        worker.stop()
    findings = compare(system.engine, system.ledger)
    summary = f"recovery s: {sorted(round(x, 2) for x in recoveries)}"
    record_property("recovery", summary)
    print(summary)
    assert findings.are_none, findings
    assert len(system.ledger.ids("accepted")) == 3000


def _send(system: System, round_: int) -> None:
    for start in range(0, 150, 30):
        ids = [f"t-{round_}-{start + n}" for n in range(30)]
        system.sender.send([a_ticket(id_, body=f"Case {id_}") for id_ in ids])


def _kill_one(system: System, chance: random.Random, round_: int) -> float:
    """Kills one of at least two living workers; returns how long its tickets took to be decided."""
    system.wait_for_workers(2)
    sending = threading.Thread(target=_send, args=(system, round_))
    sending.start()
    time.sleep(chance.uniform(0.0, 0.3))
    victim = chance.choice(system.alive())
    os.kill(victim.pid, signal.SIGKILL)
    orphans = _claimed_by(system.engine, victim.id)
    took = wait_until(
        lambda: not _still_claimed_or_waiting(system.engine, orphans),
        timeout_s=240,
        what="the victim's tickets decided",
        seen=system.processes.logs,
    )
    sending.join()
    system.wait_until_seen_dead(victim.id)
    return took


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


def test_a_worker_stopped_beyond_its_lease_cannot_overwrite_its_heir(system: System) -> None:
    zombie = system.start_worker()
    system.wait_for_workers(1)
    pid = zombie.process.pid
    system.sender.send(tickets(400))
    os.kill(pid, signal.SIGSTOP)
    with system.engine.begin() as connection:
        connection.execute(text("UPDATE tickets SET lease_until = now() WHERE state = 'claimed'"))
    heir = system.start_worker()
    try:
        system.wait_until_decided()
    finally:
        os.kill(pid, signal.SIGCONT)
    time.sleep(1)
    zombie.stop()
    heir.stop()
    assert compare(system.engine, system.ledger).are_none


def test_sigterm_in_mid_batch_ends_the_worker_in_time_and_gives_the_rest_back(
    system: System, record_property: Callable[[str, object], None]
) -> None:
    worker = system.start_worker()
    system.wait_for_workers(1)
    system.sender.send(tickets(2000))
    worker.stop()
    began = time.monotonic()
    worker.process.terminate()
    assert worker.process.wait(timeout=30) == 0
    record_property("exit_s", round(time.monotonic() - began, 2))
    assert not _claims(system.engine)
    system.start_worker()
    system.wait_until_decided()
    assert compare(system.engine, system.ledger).are_none
    assert _attempts(system.engine) == 1


def _claims(engine: Engine) -> int:
    with engine.connect() as connection:
        statement = text("SELECT count(*) FROM tickets WHERE state = 'claimed'")
        return int(connection.execute(statement).scalar_one())


def _attempts(engine: Engine) -> int:
    with engine.connect() as connection:
        return int(connection.execute(text("SELECT max(attempts) FROM tickets")).scalar_one())
