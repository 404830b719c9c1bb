from sqlalchemy import Engine, text

from store.decisions import replay_quarantined
from store.engine import transaction
from tests.factories.processes import wait_until
from tests.factories.values import a_ticket, tickets
from tests.faults.conftest import System
from tests.faults.ledger import compare, undecided
from tests.faults.worker import ABORT, RAISE


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


def test_a_text_that_raises_is_quarantined_and_its_mates_are_decided(system: System) -> None:
    system.sender.send([*tickets(40), a_ticket("bad", body=f"x {RAISE}")])
    worker = system.start_worker("--poison")
    _settle(system)
    assert _quarantined(system.engine) == {"bad": "ValueError"}
    assert compare(system.engine, system.ledger).are_none
    assert worker.deaths == 0


def test_a_text_that_kills_its_worker_ends_alone_in_quarantine(system: System) -> None:
    system.sender.send([*tickets(20), a_ticket("bad", body=f"x {ABORT}"), *tickets(5, prefix="u")])
    worker = system.start_worker("--poison")
    _settle(system)
    assert list(_quarantined(system.engine)) == ["bad"]
    assert compare(system.engine, system.ledger).are_none
    assert worker.deaths <= 4


def test_a_quarantined_ticket_can_be_replayed_once_the_cause_is_gone(system: System) -> None:
    system.sender.send([a_ticket("bad", body=f"x {RAISE}")])
    poisoned = system.start_worker("--poison")
    _settle(system)
    poisoned.stop()
    poisoned.process.kill()
    poisoned.process.wait()
    system.start_worker()
    assert len(transaction(system.engine, replay_quarantined)) == 1
    _settle(system)
    assert not _quarantined(system.engine)
    with system.engine.connect() as connection:
        rungs = connection.execute(text("SELECT rung FROM decisions")).scalars()
        assert list(rungs) == ["model"]
