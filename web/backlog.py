"""Back-pressure: while tickets wait too long, new ones are refused before they are accepted."""

import math
import time
from collections.abc import Callable

from web.problems import Problem

_LOOK_S = 0.5
"""The queue is looked at once in so many seconds, whatever comes in."""
_LONGEST_RETRY_S = 300


class Backlog:
    """Knows how long tickets wait, and refuses more while that is too long.

    Args:
        oldest_wait_s: asks the database for how long the oldest has waited, in seconds.
        most_wait_s: longest that is borne; 0 for ever.
        clock: seconds that only grow.
    """

    def __init__(
        self,
        oldest_wait_s: Callable[[], float],
        *,
        most_wait_s: float,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._oldest_wait_s = oldest_wait_s
        self._most_wait_s = most_wait_s
        self._clock = clock
        self._look_at = -math.inf
        self._waited_s = 0.0

    def admit(self) -> None:
        """Lets a request for tickets in.

        Raises:
            Problem: tickets wait too long already; `Retry-After` is for how long, up to 5 minutes.
            Transient: the database is away.
        """
        if not self._most_wait_s:
            return
        now = self._clock()
        if now >= self._look_at:
            self._look_at = now + _LOOK_S
            self._waited_s = self._oldest_wait_s()
        if self._waited_s > self._most_wait_s:
            detail = f"The oldest ticket has waited for {self._waited_s:.0f} s."
            wait_s = min(_LONGEST_RETRY_S, math.ceil(self._waited_s))
            raise Problem("queue-full", detail, headers={"retry-after": str(wait_s)})
