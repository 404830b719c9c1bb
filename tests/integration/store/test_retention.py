"""What is past its time goes, in bites, and what is not stays."""

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from sqlalchemy import Connection, Engine, text

from store import retention
from store.access import audit
from store.decided.records import ticket_record
from store.engine import transaction
from store.queue.tickets import accept
from tests.factories.deciding import decide_all
from tests.factories.values import a_ticket
from worker.maintenance import Periods, drop_what_is_past, whole_months

_NOW = datetime.now(UTC)
_NEVER = {"texts": 0, "traces": 0, "dead_letters": 0, "audit": 0}


def _count(engine: Engine, query: str) -> int:
    return transaction(engine, lambda c: int(c.execute(text(query)).scalar_one()))


def _accepted(engine: Engine, *ids: str) -> list[UUID]:
    tickets = [a_ticket(id_) for id_ in ids]
    stored = transaction(engine, lambda c: accept(c, tickets, source="shop"))
    return [entry.id for entry in stored]


def _later(engine: Engine, drop: Callable[..., int], *, days: int, **how: int) -> int:
    """What is dropped in one bite when today's rows are so many days in the past."""
    return transaction(engine, lambda c: drop(c, _NOW + timedelta(days=days), **how))


def test_months_of_texts_go_whole_and_what_waits_for_a_decision_keeps_its_text(
    engine: Engine,
) -> None:
    settled, waiting = _accepted(engine, "settled", "waiting")
    decide = text("UPDATE tickets SET state = 'decided' WHERE id = :id")
    transaction(engine, lambda c: c.execute(decide, {"id": settled}))
    assert _later(engine, retention.drop_texts, days=0) == 0  # this month is not over
    assert _count(engine, "SELECT count(*) FROM ticket_contents") == 2
    assert _later(engine, retention.drop_texts, days=62) == 1
    assert _later(engine, retention.drop_texts, days=62) == 0
    record = transaction(engine, lambda c: ticket_record(c, settled))
    assert record is not None
    assert (record["state"], record["ticket"]["body"]) == ("decided", "")
    record = transaction(engine, lambda c: ticket_record(c, waiting))
    assert record is not None
    assert record["ticket"]["body"] != ""
    # It can still be decided, and then it goes too.
    decide_all(engine)
    assert _later(engine, retention.drop_texts, days=62) == 1
    assert _count(engine, "SELECT count(*) FROM ticket_contents") == 0
    assert _count(engine, "SELECT count(*) FROM decisions") == 1
    assert transaction(engine, retention.dropped)["texts"] == 2
    assert transaction(engine, retention.texts_done_until) is not None


def test_traces_go_in_bites_and_decisions_stay(engine: Engine) -> None:
    _accepted(engine, *(f"t-{n}" for n in range(5)))
    decide_all(engine)
    trace = text("UPDATE decisions SET trace = :trace")
    transaction(engine, lambda c: c.execute(trace, {"trace": json.dumps([{"rule": "r"}])}))
    assert _later(engine, retention.drop_traces, days=-1) == 0
    bites = [_later(engine, retention.drop_traces, days=1, most=2) for _ in range(4)]
    assert bites == [2, 2, 1, 0]
    assert _count(engine, "SELECT count(*) FROM decisions WHERE trace = '[]'") == 5
    assert _count(engine, "SELECT count(*) FROM decisions WHERE scores <> '{}'") == 5


def test_refused_submissions_go_in_bites(engine: Engine) -> None:
    insert = text(
        "INSERT INTO dead_letters (source, field, error, payload, received_at) "
        "SELECT 's', 'f', 'e', 'p', clock_timestamp() - make_interval(days => n) "
        "FROM generate_series(1, 5) n"
    )
    transaction(engine, lambda c: c.execute(insert))
    bites = [_later(engine, retention.drop_letters, days=-2, most=2) for _ in range(3)]
    assert bites == [2, 1, 0]
    assert _count(engine, "SELECT count(*) FROM dead_letters") == 2


def test_the_oldest_entries_of_the_audit_log_go_and_the_rest_is_a_chain(engine: Engine) -> None:
    def write(connection: Connection) -> None:
        for number in range(4):
            audit.record(connection, actor="ann", action="a", subject=str(number))

    transaction(engine, write)
    assert _later(engine, retention.drop_audit, days=-1) == 0
    assert _later(engine, retention.drop_audit, days=1, most=2) == 2
    assert _later(engine, retention.drop_audit, days=1) == 1
    assert _later(engine, retention.drop_audit, days=1) == 0
    transaction(engine, write)
    entries = transaction(engine, lambda c: audit.next_after(c, 0))
    found = audit.check(entries)
    assert (found.entries, found.broken_at, found.is_whole) == (5, None, False)


@pytest.mark.parametrize("what", ["texts", "traces", "dead_letters", "audit"])
def test_a_second_beat_passes_by_what_another_is_at(engine: Engine, what: str) -> None:
    _accepted(engine, "t-1")
    decide_all(engine)
    transaction(engine, lambda c: audit.record(c, actor="a", action="a", subject="1"))
    transaction(engine, lambda c: audit.record(c, actor="a", action="a", subject="2"))
    letter = "INSERT INTO dead_letters (source, field, error, payload) VALUES ('s', 'f', 'e', 'p')"
    transaction(engine, lambda c: c.execute(text(letter)))
    drop = {
        "texts": retention.drop_texts,
        "traces": retention.drop_traces,
        "dead_letters": retention.drop_letters,
        "audit": retention.drop_audit,
    }[what]
    moment = _NOW + timedelta(days=62)
    with engine.begin() as first:
        assert drop(first, moment) == 1
        begun = text("SELECT count(*) FROM retention")
        assert transaction(engine, lambda c: c.execute(begun).scalar()) == 0
    assert _later(engine, drop, days=62) == 0


def test_last_month_stays_so_that_its_partition_need_not_be_made_again() -> None:
    day = datetime(2026, 3, 15, tzinfo=UTC)
    assert whole_months(day - timedelta(days=1), now=day) == datetime(2026, 2, 1, tzinfo=UTC)
    assert whole_months(day - timedelta(days=90), now=day) == day - timedelta(days=90)
    january = datetime(2026, 1, 1, tzinfo=UTC)
    assert whole_months(january, now=january) == datetime(2025, 12, 1, tzinfo=UTC)


def test_nothing_goes_unless_a_period_is_set_and_what_goes_is_logged_by_number(
    engine: Engine, capsys: pytest.CaptureFixture[str]
) -> None:
    old = (
        "INSERT INTO dead_letters (source, field, error, payload, received_at) "
        "VALUES ('s', 'f', 'e', 'Xenia', '2020-01-01')"
    )
    transaction(engine, lambda c: c.execute(text(old)))
    drop_what_is_past(engine, Periods(**_NEVER))
    assert _count(engine, "SELECT count(*) FROM dead_letters") == 1
    drop_what_is_past(engine, Periods(**{**_NEVER, "dead_letters": 30}))
    assert _count(engine, "SELECT count(*) FROM dead_letters") == 0
    out = capsys.readouterr().out
    assert "dead_letters" in out
    assert "Xenia" not in out
