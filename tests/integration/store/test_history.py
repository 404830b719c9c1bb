"""Old tickets come in once, teach at once, and touch nothing that is routed here."""

from collections.abc import Sequence
from typing import Any

import pytest
from sqlalchemy import Engine, text

from core.errors import Invalid
from core.types import HistoryFormat, Ticket
from store.engine import transaction
from store.erasure.erasures import erase
from store.models.snapshots import base_tickets
from store.queue import imports
from store.queue.history import Taken, take_history
from store.queue.imports import Batch, take_batch
from store.queue.tickets import accept, find
from tests.factories.deciding import decide_all
from tests.factories.values import a_ticket


def _old(id_: str, body: str = "Where is my parcel?", *labels: str) -> Ticket:
    return a_ticket(id_, body=body, labels=labels or ("delivery",))


def _take(engine: Engine, *tickets: Ticket, source: str = "old") -> list[Taken]:
    return transaction(engine, lambda c: take_history(c, tickets, source=source))


def _count(engine: Engine, table: str) -> int:
    with engine.connect() as connection:
        return int(connection.execute(text(f"SELECT count(*) FROM {table}")).scalar_one())


def _teaching(engine: Engine) -> dict[str, tuple[str, ...]]:
    found = transaction(engine, lambda c: list(base_tickets(c)))
    return {entry.ticket.id: entry.ticket.labels or () for entry in found}


def test_the_same_rows_again_change_nothing(engine: Engine) -> None:
    rows = [_old("1"), _old("2", "I was charged twice.", "billing", "refund")]
    assert _take(engine, *rows) == [Taken.CREATED, Taken.CREATED]
    assert _take(engine, *rows) == [Taken.DUPLICATE, Taken.DUPLICATE]
    assert _teaching(engine) == {"1": ("delivery",), "2": ("billing", "refund")}
    assert [_count(engine, t) for t in ("outbox", "decisions", "review_items")] == [0, 0, 0]


def test_what_says_the_same_comes_in_once_whatever_its_id(engine: Engine) -> None:
    assert _take(engine, _old("1"), _old("2")) == [Taken.CREATED, Taken.SAME_CONTENT]
    assert _take(engine, _old("3"), source="elsewhere") == [Taken.SAME_CONTENT]
    others = [_old("4", "Where is my parcel?", "returns"), _old("5", "Where is my letter?")]
    assert _take(engine, *others) == [Taken.CREATED, Taken.CREATED]
    assert sorted(_teaching(engine)) == ["1", "4", "5"]


def test_a_row_that_was_mended_is_a_revision_and_frees_what_it_said(engine: Engine) -> None:
    _take(engine, _old("1"))
    assert _take(engine, _old("1", "Where is my order?")) == [Taken.REVISED]
    assert _take(engine, _old("2")) == [Taken.CREATED]
    assert _take(engine, _old("3", "Where is my order?")) == [Taken.SAME_CONTENT]
    assert _take(engine, _old("9", "twice in one"), _old("9", "twice in one")) == [
        Taken.CREATED,
        Taken.DUPLICATE,
    ]


def test_what_was_erased_stays_away_and_leaves_no_hash(engine: Engine) -> None:
    _take(engine, _old("1"))
    ticket = transaction(engine, lambda c: find(c, "1"))
    assert ticket is not None
    erase(engine, ticket, by="ann")
    assert _count(engine, "imported_contents") == 0
    assert _take(engine, _old("1")) == [Taken.ERASED]
    assert _count(engine, "imported_contents") == 0


@pytest.mark.parametrize("decided", [False, True])
def test_a_ticket_that_is_routed_here_is_left_alone(engine: Engine, decided: bool) -> None:
    transaction(engine, lambda c: accept(c, [a_ticket("1")], source="shop"))
    if decided:
        decide_all(engine)
    before = _standing(engine)
    assert _take(engine, _old("1", "quite another text"), source="shop") == [Taken.LIVE]
    assert _standing(engine) == before
    assert _teaching(engine) == {}


def _standing(engine: Engine) -> Sequence[Any]:
    with engine.connect() as connection:
        return connection.execute(text("SELECT id, state, revision FROM tickets")).all()


def test_an_import_counts_what_came_and_why_rows_were_refused(engine: Engine) -> None:
    wrong = Invalid("labels", "is missing", "give them")
    batch = Batch(
        name="2024", source="old", format=HistoryFormat.CSV, entries=[_old("1"), wrong, _old("2")]
    )
    _, became = transaction(engine, lambda c: take_batch(c, batch, by="ann"))
    assert became == [Taken.CREATED, wrong, Taken.SAME_CONTENT]
    again, _ = transaction(engine, lambda c: take_batch(c, batch, by="ann"))
    assert (again.rows, again.refused) == (6, 2)
    assert again.outcomes == {"created": 1, "same_content": 2, "duplicate": 1}
    assert again.reasons == {"labels is missing": 2}
    assert transaction(engine, lambda c: imports.page(c, before=None, most=5)) == [again]
    with engine.connect() as connection:
        told = connection.execute(text("SELECT actor, subject, detail FROM audit_log")).all()
    assert told[0] == (
        "ann",
        f"import {again.id}",
        {"name": "2024", "source": "old", "created": 1, "same_content": 1, "refused": 1},
    )


def test_an_imports_name_is_for_one_source(engine: Engine) -> None:
    def take(source: str) -> object:
        batch = Batch(name="2024", source=source, format=HistoryFormat.CSV, entries=[])
        return transaction(engine, lambda c: take_batch(c, batch, by="ann"))

    take("old")
    with pytest.raises(Invalid, match="source"):
        take("other")


def test_a_batch_that_fails_leaves_nothing(engine: Engine) -> None:
    def fails(connection: Any) -> None:
        take_history(connection, [_old("1")], source="old")
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        transaction(engine, fails)
    assert [_count(engine, t) for t in ("tickets", "imported_contents")] == [0, 0]
