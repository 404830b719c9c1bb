"""What this worker holds: tickets claimed and not finished. The one back-pressure there is."""

import threading
from collections.abc import Sequence

from store.queue.claims import Claim
from worker.retry import is_beside


class Flight:
    """Knows the claims in hand and lets the claiming thread wait for room.

    Args:
        most: tickets that may be in hand at once.
    """

    def __init__(self, most: int) -> None:
        self.most = most
        self._is_here: dict[int, bool] = {}  # by token: whether this process scores it itself
        self._landed = threading.Condition()

    def room(self, *, timeout_s: float) -> int:
        """How many more may be claimed; waits up to `timeout_s` seconds while it is none."""
        with self._landed:
            if len(self._is_here) >= self.most:
                self._landed.wait(timeout_s)
            return max(0, self.most - len(self._is_here))

    def is_empty(self, *, timeout_s: float) -> bool:
        """Whether none is in hand; waits up to `timeout_s` seconds while some are."""
        with self._landed:
            return self._landed.wait_for(lambda: not self._is_here, timeout_s)

    def is_clear(self, *, timeout_s: float) -> bool:
        """Whether none is in hand that this process scores itself and so endangers; waits for it.

        Args:
            timeout_s: seconds to wait at most.
        """
        with self._landed:
            return self._landed.wait_for(lambda: not any(self._is_here.values()), timeout_s)

    def tokens(self) -> list[int]:
        """Of the claims in hand."""
        with self._landed:
            return list(self._is_here)

    def take_off(self, claims: Sequence[Claim]) -> None:
        """These were claimed."""
        with self._landed:
            self._is_here |= {claim.token: not is_beside(claim.attempts) for claim in claims}

    def land(self, claims: Sequence[Claim]) -> None:
        """These were finished or given back."""
        with self._landed:
            for claim in claims:
                del self._is_here[claim.token]
            self._landed.notify_all()
