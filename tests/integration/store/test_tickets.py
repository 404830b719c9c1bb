from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import Engine, text

from core.errors import Invalid
from store.engine import transaction
from store.queue.tickets import Outcome, accept, find, import_labelled
from tests.factories.values import a_ticket, tickets


def test_a_ticket_sent_twice_is_one_ticket(engine: Engine) -> None:
    first = transaction(engine, lambda c: accept(c, [a_ticket()], source="shop"))
    again = transaction(engine, lambda c: accept(c, [a_ticket()], source="shop"))
    assert first[0].outcome is Outcome.CREATED
    assert again[0].outcome is Outcome.DUPLICATE
    assert again[0].id == first[0].id


def test_changed_content_is_a_new_revision_and_old_content_stays(engine: Engine) -> None:
    transaction(engine, lambda c: accept(c, [a_ticket()], source="shop"))
    changed = transaction(engine, lambda c: accept(c, [a_ticket(body="New")], source="shop"))
    assert (changed[0].outcome, changed[0].revision) == (Outcome.REVISED, 2)
    with engine.connect() as connection:
        bodies = connection.execute(text("SELECT body FROM ticket_contents ORDER BY revision"))
        assert list(bodies.scalars()) == [a_ticket().body, "New"]


def test_one_id_twice_in_a_batch_ends_as_the_later_content(engine: Engine) -> None:
    batch = [a_ticket(), a_ticket(body="Later"), a_ticket("t-2")]
    outcomes = transaction(engine, lambda c: accept(c, batch, source="shop"))
    assert [x.outcome for x in outcomes] == [Outcome.CREATED, Outcome.REVISED, Outcome.CREATED]
    assert outcomes[1].revision == 2


def test_the_same_id_from_another_source_is_another_ticket(engine: Engine) -> None:
    one = transaction(engine, lambda c: accept(c, [a_ticket()], source="shop"))
    two = transaction(engine, lambda c: accept(c, [a_ticket()], source="forum"))
    assert one[0].id != two[0].id


def test_ten_senders_of_the_same_tickets_at_once_make_each_ticket_once(engine: Engine) -> None:
    batch = tickets(50)
    with ThreadPoolExecutor(10) as pool:
        rounds = list(
            pool.map(
                lambda n: transaction(
                    engine, lambda c: accept(c, batch if n % 2 else batch[::-1], source="shop")
                ),
                range(10),
            )
        )
    created = [x for outcome in rounds for x in outcome if x.outcome is Outcome.CREATED]
    assert len(created) == 50
    with engine.connect() as connection:
        assert connection.execute(text("SELECT count(*) FROM tickets")).scalar() == 50


def test_a_ticket_is_found_by_its_own_id_and_by_its_senders(engine: Engine) -> None:
    stored = transaction(engine, lambda c: accept(c, [a_ticket("BW-7")], source="shop"))[0]
    with engine.connect() as connection:
        assert find(connection, "BW-7") == stored.id
        assert find(connection, str(stored.id)) == stored.id
        assert find(connection, "BW-8") is None


def test_imported_tickets_are_settled_and_send_no_event(engine: Engine) -> None:
    batch = [a_ticket(labels=("delivery",)), a_ticket("t-2", labels=())]
    transaction(engine, lambda c: import_labelled(c, batch, source="history"))
    with engine.connect() as connection:
        assert set(connection.execute(text("SELECT state FROM tickets")).scalars()) == {"decided"}
        assert connection.execute(text("SELECT count(*) FROM outbox")).scalar() == 0


def test_an_import_without_labels_is_refused(engine: Engine) -> None:
    with pytest.raises(Invalid, match="labels"):
        transaction(engine, lambda c: import_labelled(c, [a_ticket()], source="history"))
