"""What a storm teaches the next model: as much as a few tickets do."""

from collections import Counter
from collections.abc import Iterable
from datetime import timedelta
from uuid import UUID

from sqlalchemy import Connection, Engine

from core.types import FeedbackKind
from store.decided import storms
from store.engine import transaction
from store.feedback.corrections import Feedback, give
from store.queue.tickets import accept
from store.rules import taxonomy
from store.rules.taxonomy import Label
from tests.factories.deciding import decide_all
from tests.factories.values import a_ticket
from trainer.loop.material import Doubts, gather
from trainer.loop.snapshot import Draft

_DOUBTS = Doubts(most=1000, within=timedelta(minutes=10), incident_examples=4)


def _decided(engine: Engine, count: int) -> list[UUID]:
    given = [
        a_ticket(f"t-{n}", subject=f"case {n}", body=f"of item {n * 7919}") for n in range(count)
    ]
    made = transaction(engine, lambda c: accept(c, given, source="shop"))
    decide_all(engine)
    return sorted(entry.id for entry in made)


def _flag(engine: Engine, tickets: Iterable[UUID]) -> None:
    assert transaction(engine, lambda c: storms.flag(c, list(tickets), bytes(256))) is not None


def _correct_all(engine: Engine, tickets: Iterable[UUID]) -> Draft:
    def work(connection: Connection) -> None:
        taxonomy.add_labels(connection, [Label(name="outage")])
        for ticket in tickets:
            kind = FeedbackKind.WRONG_LABEL
            give(connection, Feedback(ticket_id=ticket, kind=kind, agent="anna", labels=["outage"]))

    transaction(engine, work)
    return gather(engine, _DOUBTS, 0)


def test_of_each_storm_the_first_few_tickets_teach_and_the_rest_is_told(engine: Engine) -> None:
    ids = _decided(engine, 30)
    _flag(engine, ids[:12])
    _flag(engine, ids[12:22])
    made = _correct_all(engine, ids)
    assert [entry.ticket_id for entry in made.entries] == [*ids[:4], *ids[12:16], *ids[22:]]
    assert made.summary()["excluded"] == {"over 4 tickets of one incident": 8 + 6}
    assert all(entry.correction is not None for entry in made.excluded)


def test_what_is_left_of_a_storm_stands_on_one_side(engine: Engine) -> None:
    ids = _decided(engine, 120)
    _flag(engine, ids[-8:])
    made = _correct_all(engine, ids)
    sides = dict(zip([entry.ticket_id for entry in made.entries], made.sides, strict=True))
    assert len(Counter(sides.values())) > 1, "some are new enough to judge"
    assert len({sides[id_] for id_ in ids[-8:-4]}) == 1
