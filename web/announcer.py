"""Tells workers of stored tickets, aside from the answers: a slow Redis delays nobody."""

import queue
import threading
from collections.abc import Sequence
from uuid import UUID

import structlog
from celery import Celery

from broker.client import announce
from broker.messages import REQUEST_ID
from core import tracing

_ROUNDS_KEPT = 100
_Round = tuple[Sequence[UUID], str | None, str | None]  # ids, and which request and trace
_log = structlog.get_logger(__name__)


class Announcer:
    """One thread that announces what is put to it.

    What it cannot keep, because Redis hangs or is away, workers find by looking.

    Args:
        app: a producer, with a budget of time for Redis.
        per_message: tickets named in one message.
    """

    def __init__(self, app: Celery, *, per_message: int) -> None:
        self._app = app
        self._per_message = per_message
        self._rounds: queue.Queue[_Round | None] = queue.Queue(_ROUNDS_KEPT)
        self._thread = threading.Thread(target=self._run, name="announcer", daemon=True)

    def start(self) -> None:
        """Starts the thread."""
        self._thread.start()

    def put(self, ids: Sequence[UUID]) -> None:
        """Announces these soon, or never if too many wait; returns at once."""
        request_id = structlog.contextvars.get_contextvars().get(REQUEST_ID)
        try:
            self._rounds.put_nowait((ids, request_id, tracing.here()))
        except queue.Full:
            _log.warning("announcement_dropped", tickets=len(ids))

    def stop(self, timeout_s: float) -> None:
        """Announces what waits and ends the thread, within this time."""
        try:
            self._rounds.put(None, timeout=timeout_s)
        except queue.Full:
            return
        self._thread.join(timeout_s)

    def _run(self) -> None:
        while (put := self._rounds.get()) is not None:
            ids, request_id, trail = put
            with (
                structlog.contextvars.bound_contextvars(**{REQUEST_ID: request_id}),
                tracing.span("announce", parent=trail, tickets=len(ids)),
            ):
                announce(self._app, ids, per_message=self._per_message)
