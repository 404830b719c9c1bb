import threading

from worker.flight import Flight


def test_room_is_what_is_not_in_the_air() -> None:
    flight = Flight(10)
    flight.take_off(7)
    assert flight.room(timeout_s=0) == 3
    flight.land(7)
    assert flight.room(timeout_s=0) == 10


def test_a_full_flight_waits_until_something_lands() -> None:
    flight = Flight(2)
    flight.take_off(2)
    threading.Timer(0.05, lambda: flight.land(1)).start()
    assert flight.room(timeout_s=30) == 1


def test_a_full_flight_says_so_after_the_wait() -> None:
    flight = Flight(2)
    flight.take_off(2)
    assert flight.room(timeout_s=0.01) == 0


def test_a_hand_is_clear_when_it_holds_only_what_another_process_scores() -> None:
    flight = Flight(5)
    flight.take_off(2, beside=1)
    assert not flight.is_clear(timeout_s=0)
    flight.land(1)
    assert flight.is_clear(timeout_s=0)
    assert not flight.is_empty(timeout_s=0)
    flight.land(1, beside=1)
    assert flight.is_empty(timeout_s=0)
