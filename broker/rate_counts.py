"""Counts of what callers ask in a minute: in Redis for all processes, in memory while it is away.

A minute begins with the first request in it and ends sixty seconds later (a fixed window), so that
the time to wait is exact and a count is one key.
"""

import math
import time

import structlog
from limits import RateLimitItemPerMinute
from limits.errors import StorageError
from limits.storage import MemoryStorage, RedisStorage
from limits.strategies import FixedWindowRateLimiter
from redis import ConnectionPool
from redis.backoff import NoBackoff
from redis.retry import Retry

_PREFIX = "pointsman:limits"
_PAUSE_S = 5.0
"""For how long Redis is left alone after it did not answer, so that few requests wait for it."""
_log = structlog.get_logger(__name__)


class RateCounts:
    """Connects to nothing before the first count.

    Args:
        redis_url: of the server.
        timeout_s: how long it is waited for, by few requests in `_PAUSE_S` seconds.
    """

    def __init__(self, redis_url: str, *, timeout_s: float) -> None:
        pool = ConnectionPool.from_url(
            redis_url,
            socket_timeout=timeout_s,
            socket_connect_timeout=timeout_s,
            retry=Retry(NoBackoff(), 0),
        )
        shared = RedisStorage(redis_url, pool, key_prefix=_PREFIX, wrap_exceptions=True)
        self._shared = FixedWindowRateLimiter(shared)
        self._own = FixedWindowRateLimiter(MemoryStorage())
        self._shared_from = 0.0

    def wait_s(self, key: tuple[str, str], *, most: int, cost: int) -> int | None:
        """Counts.

        Args:
            key: what is counted, and whose.
            most: in a minute; at least 1.
            cost: how many this is; 0 asks whether there were too many already.

        Returns:
            None for what fits, otherwise the whole seconds until the window ends.
        """
        item = RateLimitItemPerMinute(most)
        if time.monotonic() >= self._shared_from:
            try:
                return _asked(self._shared, item, key, cost)
            except StorageError as error:
                self._shared_from = time.monotonic() + _PAUSE_S
                _log.warning("rates_counted_alone", cause=type(error.storage_error).__name__)
        return _asked(self._own, item, key, cost)


def _asked(
    limiter: FixedWindowRateLimiter,
    item: RateLimitItemPerMinute,
    key: tuple[str, str],
    cost: int,
) -> int | None:
    if limiter.hit(item, *key, cost=cost):
        return None
    return max(1, math.ceil(limiter.get_window_stats(item, *key).reset_time - time.time()))
