"""Where a training is, on Redis, for pages that show it live; PostgreSQL remembers it anyway."""

import json
from collections.abc import Mapping
from typing import Any

import redis
import structlog

PROGRESS = "pointsman:training"
"""Channel that each state is published to, and key that holds the last."""

_log = structlog.get_logger(__name__)


class ProgressBoard:
    """Tells the state of trainings; without Redis it is silent.

    Args:
        redis_url: of the server.
        timeout_s: how long it is waited for.
        kept_s: how long the last state is kept when nothing more comes.
    """

    def __init__(self, redis_url: str, *, timeout_s: float, kept_s: float) -> None:
        self._client = redis.Redis.from_url(
            redis_url, socket_timeout=timeout_s, socket_connect_timeout=timeout_s
        )
        self._kept_ms = int(kept_s * 1000)

    def tell(self, run: int, where: Mapping[str, Any]) -> None:
        """Shows the state of a run.

        Args:
            run: its id.
            where: JSON-ready: `stage`, `notes`, `fraction` in [0, 1] and `eta_s`, if known.
        """
        state = json.dumps({"run": run, **where}, ensure_ascii=False)
        try:
            with self._client.pipeline(transaction=False) as pipeline:
                pipeline.set(PROGRESS, state, px=self._kept_ms)
                pipeline.publish(PROGRESS, state)
                pipeline.execute()
        except (redis.RedisError, OSError) as error:
            _log.debug("progress_untold", cause=type(error).__name__)
