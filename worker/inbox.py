"""Between Celery's thread and the claiming one: ids that were announced, and a bell."""

import threading
from collections import deque
from collections.abc import Iterable
from uuid import UUID

from worker.trails import Trails


class Inbox:
    """A bounded set of announced ids. What does not fit is dropped: polling finds it.

    Args:
        most: how many ids are kept.

    Attributes:
        trails: where the traces of announced tickets go on.
    """

    def __init__(self, most: int) -> None:
        self._ids: deque[UUID] = deque(maxlen=most)
        self._bell = threading.Condition()
        self._closed = False
        self.trails = Trails(most)

    def put(self, ids: Iterable[UUID]) -> None:
        """Adds ids and wakes whoever waits."""
        announced = list(ids)
        self.trails.note(announced)
        with self._bell:
            self._ids.extend(announced)
            self._bell.notify()

    def take(self, most: int, *, timeout_s: float) -> list[UUID]:
        """At most `most` ids, oldest first; waits up to `timeout_s` seconds while there is none."""
        with self._bell:
            if not self._ids and not self._closed:
                self._bell.wait(timeout_s)
            return [self._ids.popleft() for _ in range(min(most, len(self._ids)))]

    def close(self) -> None:
        """Lets nobody wait any more."""
        with self._bell:
            self._closed = True
            self._bell.notify_all()
