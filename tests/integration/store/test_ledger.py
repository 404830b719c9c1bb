from sqlalchemy import Connection, Engine, text

from core.types import Rung
from store.engine import transaction
from store.ledger import decided_ids, ledger
from store.queue.tickets import accept
from tests.factories.deciding import decide_all
from tests.factories.values import tickets


def _accept(engine: Engine, source: str, count: int) -> None:
    transaction(engine, lambda c: accept(c, tickets(count), source=source))


def test_the_books_of_one_source_leave_others_out(engine: Engine) -> None:
    _accept(engine, "demo-1", 3)
    decide_all(engine)
    _accept(engine, "demo-2", 2)
    books = transaction(engine, lambda c: ledger(c, source="demo-1"))
    assert (books.stored, books.decided, books.duplicate_decisions) == (3, 3, 0)
    assert (books.by_department, books.by_rung) == ({"orders": 3}, {"model": 3})
    assert len(transaction(engine, lambda c: decided_ids(c, source="demo-1"))) == 3


def test_what_is_not_decided_shows(engine: Engine) -> None:
    _accept(engine, "demo", 2)
    books = transaction(engine, lambda c: ledger(c, source="demo"))
    assert (books.stored, books.decided, books.by_rung) == (2, 0, {})
    assert transaction(engine, lambda c: decided_ids(c, source="demo")) == set()


def test_a_decision_that_replaced_one_is_no_duplicate(engine: Engine) -> None:
    _accept(engine, "demo", 2)
    decide_all(engine, rung=Rung.KEYWORDS)
    transaction(engine, lambda c: c.execute(text("UPDATE tickets SET state = 'accepted'")))
    decide_all(engine)
    books = transaction(engine, lambda c: ledger(c, source="demo"))
    assert (books.by_rung, books.duplicate_decisions) == ({"model": 2}, 0)


def test_an_effect_that_happened_twice_is_a_duplicate(engine: Engine) -> None:
    _accept(engine, "demo", 2)
    decide_all(engine)

    def repeat_one_event(connection: Connection) -> None:
        connection.execute(
            text(
                "INSERT INTO outbox (id, event, ticket_id, revision, payload) "
                "SELECT gen_random_uuid(), event, ticket_id, revision, payload FROM outbox LIMIT 1"
            )
        )

    transaction(engine, repeat_one_event)
    assert transaction(engine, lambda c: ledger(c, source="demo")).duplicate_decisions == 1


def test_a_source_that_sent_nothing_has_empty_books(engine: Engine) -> None:
    books = transaction(engine, lambda c: ledger(c, source="nobody"))
    assert (books.stored, books.decided, books.duplicate_decisions) == (0, 0, 0)
