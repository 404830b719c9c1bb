import threading
import time
from uuid import uuid4

from worker.inbox import Inbox


def test_ids_come_out_in_order_and_at_most_as_many_as_asked_for() -> None:
    inbox, ids = Inbox(10), [uuid4() for _ in range(5)]
    inbox.put(ids)
    assert inbox.take(3, timeout_s=0) == ids[:3]
    assert inbox.take(3, timeout_s=0) == ids[3:]


def test_an_overfull_inbox_forgets_the_oldest() -> None:
    inbox, ids = Inbox(2), [uuid4() for _ in range(3)]
    inbox.put(ids)
    assert inbox.take(9, timeout_s=0) == ids[1:]


def test_a_bell_without_ids_ends_the_waiting() -> None:
    inbox = Inbox(2)
    threading.Timer(0.05, lambda: inbox.put([])).start()
    began = time.monotonic()
    assert inbox.take(1, timeout_s=30) == []
    assert time.monotonic() - began < 20


def test_a_closed_inbox_lets_nobody_wait() -> None:
    inbox = Inbox(2)
    inbox.close()
    assert inbox.take(1, timeout_s=30) == []
