import dataclasses
import json
from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import Engine, text
from sqlalchemy.exc import DBAPIError

from store.access import audit
from store.engine import transaction


def _record(engine: Engine, subject: str, **detail: object) -> None:
    transaction(
        engine,
        lambda c: audit.record(
            c, actor="kim", action="rules.saved", subject=subject, detail=detail
        ),
    )


def _all(engine: Engine) -> list[audit.Entry]:
    read = audit.along(lambda last: transaction(engine, lambda c: audit.next_after(c, last)))
    return list(read)


def test_entries_are_a_chain_whatever_their_detail_holds(engine: Engine) -> None:
    _record(engine, "ruleset 1", threshold=0.1, big=1e20, whole=1.0, words="Käse 🧀", none=None)
    _record(engine, "ruleset 2", nested={"b": [1, 2.5e-9], "a": {}})
    found = audit.check(_all(engine))
    assert (found.entries, found.is_whole, found.broken_at) == (2, True, None)
    assert found.head == _all(engine)[-1].hash.hex()


def test_many_at_once_make_one_chain(engine: Engine) -> None:
    with ThreadPoolExecutor(6) as pool:
        list(pool.map(lambda n: _record(engine, f"ruleset {n}"), range(12)))
    found = audit.check(_all(engine))
    assert (found.entries, found.broken_at) == (12, None)


def test_what_was_rolled_back_leaves_no_gap_in_the_chain(engine: Engine) -> None:
    _record(engine, "ruleset 1")
    with engine.connect() as connection:
        audit.record(connection, actor="kim", action="rules.saved", subject="ruleset 2")
        connection.rollback()
    _record(engine, "ruleset 3")
    assert audit.check(_all(engine)).broken_at is None


@pytest.mark.parametrize("change", ["UPDATE audit_log SET actor = 'x'", "DELETE FROM audit_log"])
def test_the_database_itself_refuses_changes(engine: Engine, change: str) -> None:
    _record(engine, "ruleset 1")
    with pytest.raises(DBAPIError, match="only appended"), engine.begin() as connection:
        connection.execute(text(change))


class TestTampering:
    """What somebody could do who holds the database itself, seen in an export."""

    @pytest.fixture
    def entries(self, engine: Engine) -> list[audit.Entry]:
        for number in range(5):
            _record(engine, f"ruleset {number}", note="refunds")
        return _all(engine)

    def test_an_export_reads_back_as_it_was(self, entries: list[audit.Entry]) -> None:
        lines = [json.loads(json.dumps(audit.as_line(entry))) for entry in entries]
        assert [audit.of_line(line) for line in lines] == entries

    @pytest.mark.parametrize("field", ["actor", "action", "subject"])
    def test_a_changed_entry_is_found(self, entries: list[audit.Entry], field: str) -> None:
        entries[2] = dataclasses.replace(entries[2], **{field: "other"})  # type: ignore[arg-type]
        assert audit.check(entries).broken_at == entries[2].id

    def test_a_changed_entry_with_a_hash_of_its_own_is_found_behind_it(
        self, entries: list[audit.Entry]
    ) -> None:
        entries[2] = dataclasses.replace(entries[2], hash=bytes(32))
        assert audit.check(entries).broken_at == entries[2].id

    def test_a_dropped_entry_is_found(self, entries: list[audit.Entry]) -> None:
        assert audit.check(entries[:2] + entries[3:]).broken_at == entries[3].id

    def test_swapped_entries_are_found(self, entries: list[audit.Entry]) -> None:
        entries[1], entries[2] = entries[2], entries[1]
        assert audit.check(entries).broken_at == entries[1].id

    def test_a_log_whose_oldest_were_let_go_says_so(self, entries: list[audit.Entry]) -> None:
        found = audit.check(entries[2:])
        assert (found.is_whole, found.broken_at, found.entries) == (False, None, 3)
