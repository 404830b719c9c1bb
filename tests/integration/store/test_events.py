from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import Connection, Engine, text

from store.delivery.events import Event, Place, decisions_from, late_start
from store.engine import transaction

_FIRST_MS = 1_770_000_000_000


def _id(milliseconds: int, number: int = 0) -> UUID:
    return UUID(int=((_FIRST_MS + milliseconds) << 80) + number)


def _add(connection: Connection, *ids: UUID, event: str = "ticket.routed") -> None:
    for id_ in ids:
        connection.execute(
            text("INSERT INTO outbox (id, event, payload) VALUES (:id, :event, '{}')"),
            {"id": id_, "event": event},
        )


def _read_on(connection: Connection, place: Place, most: int) -> tuple[list[UUID], Place]:
    read: list[UUID] = []
    while found := decisions_from(connection, place, most=most):
        read += [event.id for event in found]
        place = place.behind(found)
    return read, place


def test_many_decisions_of_one_moment_are_read_once_each(engine: Engine) -> None:
    ids = [_id(0, number) for number in range(10)]

    def work(connection: Connection) -> list[UUID]:
        _add(connection, *ids)
        return _read_on(connection, Place(start=late_start(ids[0])), 3)[0]

    assert transaction(engine, work) == ids


def test_a_decision_that_appears_late_is_read_and_other_events_are_not(engine: Engine) -> None:
    def work(connection: Connection) -> tuple[list[UUID], list[UUID]]:
        _add(connection, _id(4_000), _id(9_000))
        _add(connection, _id(5_000), event="drift.detected")
        first, place = _read_on(connection, Place(start=_id(0)), 100)
        _add(connection, _id(4_500))
        return first, _read_on(connection, place, 100)[0]

    assert transaction(engine, work) == ([_id(4_000), _id(9_000)], [_id(4_500)])


@given(times=st.lists(st.integers(0, 60_000), min_size=1, unique=True), most=st.integers(1, 9))
def test_what_is_remembered_is_only_what_could_be_read_again(times: list[int], most: int) -> None:
    ids = sorted(map(_id, times))
    place, read = Place(start=_id(0)), []
    for start in range(0, len(ids), most):
        found = [Event(id=id_, event="ticket.routed", payload={}) for id_ in ids[start:][:most]]
        place = place.behind(found)
        read += [event.id for event in found]
        assert place.seen == {id_ for id_ in read if id_ >= place.start}
