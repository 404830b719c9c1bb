"""C15, C16: texts that no worker survives, devices whose memory ends, and a loop of crashes."""

import math

import pytest
from sqlalchemy import Connection, Engine, text

from store.decided.decisions import replay_quarantined
from store.engine import transaction
from store.queue import workers
from store.queue.claims import ALONE_UNTIL
from store.queue.deaths import note_deaths
from tests.factories.processes import wait_until
from tests.factories.values import a_ticket, tickets
from tests.faults.conftest import RunningWorker, System
from tests.faults.invariants import Expected, undecided
from tests.faults.worker import ABORT, EAT, HANG, RAISE

_MATES = 31
_SOON = {"POINTSMAN_CHUNK_TIMEOUT_S": "8", "POINTSMAN_TEXT_TIMEOUT_S": "5"}
"""A hang is waited for twice: with other texts and alone."""
_MOST_CRASHES = math.ceil(math.log2(_MATES + 1)) + 1


def _settle(system: System) -> None:
    wait_until(
        lambda: undecided(system.engine) == 0,
        timeout_s=400,
        what="the poison quarantined and its mates decided",
        seen=system.processes.logs,
    )


def _quarantined(engine: Engine) -> dict[str, str]:
    statement = text(
        "SELECT t.external_id, t.error FROM tickets t JOIN decisions d ON d.ticket_id = t.id "
        "WHERE t.state = 'quarantined' AND d.reason = 'manual_triage'"
    )
    with engine.connect() as connection:
        return {row.external_id: row.error for row in connection.execute(statement)}


def _mates_decided(system: System) -> bool:
    statement = text(
        "SELECT count(*) FROM tickets WHERE external_id LIKE 'm-%' AND state <> 'decided' "
        "AND state <> 'review'"
    )
    with system.engine.connect() as connection:
        return connection.execute(statement).scalar() == 0


@pytest.mark.parametrize(
    ("word", "crashes", "said"),
    [
        (RAISE, 0, "ends in ValueError"),
        (EAT, 0, "ends in MemoryError"),
        pytest.param(ABORT, _MOST_CRASHES, "ended or hung", marks=pytest.mark.short),
        pytest.param(HANG, 1, "ended or hung", marks=pytest.mark.short),
    ],
)
def test_c16_poison_ends_alone_in_quarantine_and_its_mates_are_decided(
    system: System, word: str, crashes: int, said: str
) -> None:
    mates = tickets(_MATES, prefix="m")
    middle = _MATES // 2
    system.sender.send([*mates[:middle], a_ticket("bad", body=f"x {word}"), *mates[middle:]])
    worker = system.start_worker("--poison", **(_SOON if word == HANG else {}))
    system.wait_for_workers(1)
    mates_s = wait_until(
        lambda: _mates_decided(system), timeout_s=240, what="mates", seen=system.processes.logs
    )
    _settle(system)
    assert said in _quarantined(system.engine)["bad"]
    deaths = worker.deaths
    worker.stop()
    system.close_books(
        "C16",
        f"poison: {word.removeprefix('POISON-').lower()}",
        faults=1,
        recoveries=[mates_s],
        expected=Expected(poisons=["bad"]),
    )
    assert deaths <= crashes


def test_c15_a_device_whose_memory_ends_gets_smaller_chunks(system: System) -> None:
    worker = system.start_worker("--most=5")
    system.sender.send(tickets(64))
    system.wait_until_decided()
    findings = system.close_books("C15", "memory of the device ends at 5 tickets", faults=1)
    assert {row.rung for row in findings.rows} == {"model"}
    assert worker.deaths == 0


def test_c16_while_workers_die_one_after_the_other_no_ticket_goes_with_others(
    system: System,
) -> None:
    worker = system.start_worker()
    system.wait_for_workers(1)
    transaction(system.engine, _six_deaths)
    wait_until(
        lambda: "crash_loop" in _all_logs(system),
        timeout_s=60,
        what="the crash loop seen",
        seen=system.processes.logs,
    )
    system.sender.send(tickets(20))
    system.wait_until_decided()
    wait_until(lambda: _chunks(system) >= 20, timeout_s=30, what="a chunk a ticket")
    worker.stop()
    system.close_books("C16", "six workers died in a minute", faults=6)


@pytest.mark.short
def test_c16_who_only_waited_in_hands_that_died_is_not_convicted(system: System) -> None:
    """Tickets that wait for a throwaway process, in the hands of worker after worker."""
    kills = 4
    system.sender.send(tickets(20))
    with system.engine.begin() as connection:
        connection.execute(text("UPDATE tickets SET attempts = :n"), {"n": ALONE_UNTIL})
    worker = system.start_worker()
    for _ in range(kills):
        wait_until(lambda: _holds(system, worker), timeout_s=120, what="tickets in hand")
        killed = worker.process
        killed.kill()
        wait_until(lambda k=killed: worker.process is not k, timeout_s=60, what="its heir")  # type: ignore[misc]
    system.wait_until_decided()
    system.close_books("C16", "killed while suspects wait", faults=kills)


def _holds(system: System, worker: RunningWorker) -> bool:
    statement = text(
        "SELECT count(*) FROM tickets t JOIN workers w ON w.id = t.claimed_by WHERE w.pid = :pid"
    )
    with system.engine.connect() as connection:
        found = connection.execute(statement, {"pid": worker.process.pid})
        return int(found.scalar_one()) > 0


def _six_deaths(connection: Connection) -> None:
    ids = [
        workers.register(connection, host="gone", pid=1, device="cpu", rung="model")
        for _ in range(6)
    ]
    note_deaths(connection, ids)


def _chunks(system: System) -> float:
    return sum(worker.report.counters.get("chunks", 0) for worker in system.alive())


def _all_logs(system: System) -> str:
    return "".join(log.read_text(errors="replace") for log in system.folder.glob("*.log"))


def test_a_quarantined_ticket_can_be_replayed_once_the_cause_is_gone(system: System) -> None:
    system.sender.send([a_ticket("bad", body=f"x {RAISE}")])
    poisoned: RunningWorker = system.start_worker("--poison")
    _settle(system)
    poisoned.end()
    system.start_worker()
    assert len(transaction(system.engine, replay_quarantined)) == 1
    _settle(system)
    findings = system.close_books("C16", "replayed once the cause is gone", faults=1)
    assert {row.rung for row in findings.rows} == {"model"}
