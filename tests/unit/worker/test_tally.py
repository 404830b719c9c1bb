from core.types import Rung
from tests.factories.values import a_claim, a_decision
from worker.counters import Counters
from worker.tally import tally, time_to_decision


def test_only_what_was_stored_is_counted_by_rung_reason_department_and_label() -> None:
    counters, mine, lost = Counters(), a_claim(), a_claim()
    decision = a_decision(mine.id, rung=Rung.LINEAR)
    tally(counters, [decision, a_decision(lost.id)], {mine.id})
    routing, totals = decision.routing, counters.totals()
    assert totals[f"decisions|linear|{routing.reason}"] == 1
    assert totals[f"decided_departments|{routing.primary}"] == 1
    assert routing.labels
    assert all(totals[f"decided_labels|{label}"] == 1 for label in routing.labels)
    assert f"decisions|model|{routing.reason}" not in totals


def test_the_time_to_a_decision_begins_before_the_claim() -> None:
    counters, claim = Counters(), a_claim()
    object.__setattr__(claim, "waited_s", 40.0)
    time_to_decision(counters, [claim])
    assert counters.totals()["ticket_decision_seconds|60.0"] == 1
