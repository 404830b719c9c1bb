"""The suite is itself tested: with each promise broken on purpose, the check must turn red."""

import os
import signal
import time

import pytest
from sqlalchemy import text

from broker.app import make_producer_app
from broker.client import submit
from core.ticket_json import ticket_object
from tests.factories.processes import wait_until
from tests.factories.values import tickets
from tests.faults.conftest import System
from tests.faults.invariants import Expected, Findings, check, undecided
from tests.faults.test_kills import _faketime, _feed_until_dead, _holds, faketime
from tests.faults.test_models import flip, installed_damaged

pytestmark = pytest.mark.short
_PATIENCE_S = 8


def _mutant(name: str) -> dict[str, str]:
    return {"FAULTS_MUTANT": name}


def _drain(system: System) -> None:
    """Waits for decisions, as long as a whole system would ever take; a broken one never comes."""
    deadline = time.monotonic() + _PATIENCE_S
    while undecided(system.engine) and time.monotonic() < deadline:
        time.sleep(0.1)


def _red(system: System, expected: Expected | None = None) -> Findings:
    findings = check(system.engine, system.ledger, expected)
    assert not findings.are_none
    return findings


def test_a_an_acceptance_before_the_commit_is_seen(system: System) -> None:
    web = system.start_web(**_mutant("ack_before_commit"))
    answer = web.sender().try_once(tickets(5), "key")
    assert answer is not None
    assert answer.status_code == 202
    web.running.end()
    assert _red(system).count("I1 lost") == 5


def test_b_a_decision_without_fence_is_seen(system: System) -> None:
    lease = {"POINTSMAN_LEASE_S": "1", **_mutant("no_fence")}
    zombie = system.start_worker("--slow-s=0.3", **lease)
    system.wait_for_workers(1)
    system.sender.send(tickets(100))
    wait_until(lambda: _holds(system, zombie), timeout_s=60, what="the zombie holds tickets")
    os.kill(zombie.process.pid, signal.SIGSTOP)
    heir = system.start_worker(**lease)
    try:
        system.wait_until_decided()
    finally:
        heir.end()
        os.kill(zombie.process.pid, signal.SIGCONT)
    wait_until(
        lambda: check(system.engine, system.ledger).count("I2 doubled") > 0,
        timeout_s=30,
        what="the zombie's decisions seen",
    )


def test_c_a_key_that_is_not_unique_is_seen(system: System) -> None:
    with system.engine.begin() as connection:
        connection.execute(text("ALTER TABLE ticket_keys DROP CONSTRAINT pk_ticket_keys"))
    system.start_worker()
    for _ in range(3):
        system.sender.send(tickets(5))
    system.wait_until_decided()
    assert _red(system).count("I2 doubled") == 5


def test_d_a_system_without_sweeper_is_seen(system: System) -> None:
    doomed = system.start_worker("--slow-s=5", **_mutant("no_sweeper"))
    system.wait_for_workers(1)
    system.sender.send(tickets(20))
    wait_until(lambda: _holds(system, doomed), timeout_s=60, what="tickets in hand")
    doomed.end()
    system.start_worker(**_mutant("no_sweeper"))
    _drain(system)
    findings = _red(system)
    assert findings.count("I1 lost") > 0
    assert findings.count("I8 waiting") > 0


def test_e_leases_by_the_clocks_of_workers_are_seen(system: System) -> None:
    clock = _mutant("worker_clock")
    ahead = faketime(_faketime(), "+3600s")
    system.start_worker("--slow-s=0.2", **clock)
    system.wait_for_workers(1)
    system.execute_worker("--slow-s=0.2", **clock, **ahead)
    system.wait_for_workers(2)

    def worked_on_twice() -> bool:
        if undecided(system.engine) < 50:
            system.sender.send(tickets(50, prefix=f"e{time.monotonic_ns()}"))
        return bool(max(row.attempts for row in check(system.engine, system.ledger).rows) > 1)

    wait_until(worked_on_twice, timeout_s=60, what="claims that are taken away from the living")


def test_f_an_event_outside_of_its_transaction_is_seen(system: System) -> None:
    doomed = system.start_worker("--failpoint=mid_outbox:1", **_mutant("outbox_apart"))
    _feed_until_dead(system, doomed, "f")
    system.wait_until_decided()
    assert _red(system).count("I4 events") > 0


def test_g_an_artifact_that_nobody_verified_is_seen(system: System) -> None:
    system.start_worker(**_mutant("no_hash"))
    system.wait_for_workers(1)
    rejected = installed_damaged(system, 1, flip)

    def decided_by_it() -> bool:
        system.sender.send(tickets(5, prefix=f"g{time.monotonic_ns()}"))
        found = check(system.engine, system.ledger, Expected(rejected=[rejected]))
        return found.count("I6 model") > 0

    wait_until(decided_by_it, timeout_s=60, what="decisions by a damaged artifact")


def test_h_plain_batches_of_celery_messages_lose_what_one_kill_catches(system: System) -> None:
    """Killed once between two round trips of kombu, where late acknowledgement does not help."""
    sent = tickets(100)
    system.ledger.note("sending", [ticket.id for ticket in sent])
    app = make_producer_app(system.redis_url, publish_timeout_s=5)
    submit(app, [ticket_object(ticket) for ticket in sent], source="faults", per_message=1)
    app.close()
    system.ledger.note("accepted", [ticket.id for ticket in sent])
    doomed = system.processes.start("mutants.plain_batches", "--failpoint=40")
    assert doomed.wait(60) == -signal.SIGKILL
    time.sleep(2)  # beyond the visibility timeout, after which Redis gives back what it knows of
    system.processes.start("mutants.plain_batches")
    wait_until(lambda: _decisions(system) >= len(sent) - 1, timeout_s=60, what="the rest decided")
    time.sleep(3)
    assert _red(system).broken["I1 lost"] == ["t-39"]


def _decisions(system: System) -> int:
    with system.engine.connect() as connection:
        return int(connection.execute(text("SELECT count(*) FROM decisions")).scalar_one())
