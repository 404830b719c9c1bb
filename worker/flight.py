"""How many tickets this worker holds: claimed and not finished. The one back-pressure there is."""

import threading


class Flight:
    """Counts tickets in hand and lets the claiming thread wait for room.

    Those `beside` are scored by a process of their own, and so endanger none of the others.

    Args:
        most: tickets that may be in hand at once.
    """

    def __init__(self, most: int) -> None:
        self._most = most
        self._held = 0
        self._beside = 0
        self._landed = threading.Condition()

    def room(self, *, timeout_s: float) -> int:
        """How many more may be claimed; waits up to `timeout_s` seconds while it is none."""
        with self._landed:
            if self._held >= self._most:
                self._landed.wait(timeout_s)
            return max(0, self._most - self._held)

    def is_empty(self, *, timeout_s: float) -> bool:
        """Whether none is in hand; waits up to `timeout_s` seconds while some are."""
        with self._landed:
            return self._landed.wait_for(lambda: self._held == 0, timeout_s)

    def is_clear(self, *, timeout_s: float) -> bool:
        """Whether none is in hand but those beside; waits up to `timeout_s` seconds for it."""
        with self._landed:
            return self._landed.wait_for(lambda: self._held == self._beside, timeout_s)

    def take_off(self, tickets: int, *, beside: int = 0) -> None:
        """So many were claimed, so many of them beside."""
        with self._landed:
            self._held += tickets
            self._beside += beside

    def land(self, tickets: int, *, beside: int = 0) -> None:
        """So many were finished or given back, so many of them beside."""
        with self._landed:
            self._held -= tickets
            self._beside -= beside
            self._landed.notify_all()
