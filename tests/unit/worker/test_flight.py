import threading
from dataclasses import replace

from store.queue.claims import ALONE_UNTIL, Claim
from tests.factories.values import a_claim
from worker.flight import Flight


def _claims(count: int, *, attempts: int = 1) -> list[Claim]:
    claims = [a_claim(attempts=attempts) for _ in range(count)]
    return [replace(claim, token=100 * attempts + n) for n, claim in enumerate(claims)]


def test_room_is_what_is_not_in_the_air() -> None:
    flight, claims = Flight(10), _claims(7)
    flight.take_off(claims)
    assert flight.room(timeout_s=0) == 3
    assert flight.tokens() == [claim.token for claim in claims]
    flight.land(claims)
    assert flight.room(timeout_s=0) == 10
    assert flight.tokens() == []


def test_a_full_flight_waits_until_something_lands() -> None:
    flight, claims = Flight(2), _claims(2)
    flight.take_off(claims)
    threading.Timer(0.05, lambda: flight.land(claims[:1])).start()
    assert flight.room(timeout_s=30) == 1


def test_a_full_flight_says_so_after_the_wait() -> None:
    flight = Flight(2)
    flight.take_off(_claims(2))
    assert flight.room(timeout_s=0.01) == 0


def test_a_hand_is_clear_when_it_holds_only_what_another_process_scores() -> None:
    flight, here, beside = Flight(5), _claims(1), _claims(1, attempts=ALONE_UNTIL + 1)
    flight.take_off([*here, *beside])
    assert not flight.is_clear(timeout_s=0)
    flight.land(here)
    assert flight.is_clear(timeout_s=0)
    assert not flight.is_empty(timeout_s=0)
    flight.land(beside)
    assert flight.is_empty(timeout_s=0)
