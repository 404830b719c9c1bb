import pytest

from web.backlog import Backlog
from web.problems import Problem


class Queue:
    """Whose oldest ticket waits as long as a test says, at a time that it says."""

    def __init__(self) -> None:
        self.waited_s = self.now = 0.0
        self.looks = 0

    def oldest_wait_s(self) -> float:
        self.looks += 1
        return self.waited_s


def _backlog(queue: Queue, most_wait_s: float) -> Backlog:
    return Backlog(queue.oldest_wait_s, most_wait_s=most_wait_s, clock=lambda: queue.now)


def test_tickets_are_refused_while_the_oldest_waits_too_long_and_let_in_again_after() -> None:
    queue = Queue()
    backlog = _backlog(queue, 60)
    backlog.admit()
    queue.waited_s, queue.now = 61.2, 1.0
    with pytest.raises(Problem) as refused:
        backlog.admit()
    assert refused.value.name == "queue-full"
    assert refused.value.headers == {"retry-after": "62"}
    queue.waited_s, queue.now = 3.0, 2.0
    backlog.admit()


def test_the_queue_is_looked_at_twice_a_second_however_many_ask() -> None:
    queue = Queue()
    backlog = _backlog(queue, 60)
    for _ in range(100):
        backlog.admit()
    assert queue.looks == 1


def test_nobody_is_told_to_stay_away_for_more_than_five_minutes() -> None:
    queue = Queue()
    queue.waited_s = 7200.0
    with pytest.raises(Problem) as refused:
        _backlog(queue, 60).admit()
    assert refused.value.headers == {"retry-after": "300"}


def test_zero_lets_everything_in_without_a_look() -> None:
    queue = Queue()
    queue.waited_s = 7200.0
    _backlog(queue, 0).admit()
    assert queue.looks == 0
