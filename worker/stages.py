"""Threads that hand things to one another: each takes all that waits, works, and passes it on."""

import os
import threading
import time
import traceback
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Generic, TypeVar

import structlog

_log = structlog.get_logger(__name__)

T = TypeVar("T")

CRASHED = 70
"""Exit status of a worker that met a bug of ours: sysexits.h calls 70 an internal error."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """How much at once, and how often. Units are in the names."""

    batch_tickets: int
    queued_batches: int
    chunks_ahead: int
    lease_s: float
    poll_interval_s: float


class Busy:
    """Since when which stages are at what they do, in monotonic seconds.

    What waits for tickets, or for a database that is away, is at nothing.
    """

    def __init__(self) -> None:
        self._since: dict[str, float] = {}

    @contextmanager
    def at(self, stage: str) -> Iterator[None]:
        """Has a stage count as busy meanwhile."""
        self._since[stage] = time.monotonic()
        try:
            yield
        finally:
            del self._since[stage]

    def since(self) -> float | None:
        """Since when the slowest stage is at what it does; None if none is."""
        return min(list(self._since.values()), default=None)

    def is_slowest(self, stage: str) -> bool:
        """Whether this stage is at what it does for longer than any other."""
        return stage in self._since and self._since.get(stage) == self.since()


class Belt(Generic[T]):
    """A queue whose end can be told.

    Args:
        most: items that may wait; 0 for any number.
    """

    def __init__(self, most: int = 0) -> None:
        self._most = most
        self._items: deque[T] = deque()
        self._is_ended = False
        self._changed = threading.Condition()

    def put(self, item: T) -> None:
        """Adds an item, waiting for room."""
        with self._changed:
            self._changed.wait_for(self._has_room)
            self._items.append(item)
            self._changed.notify_all()

    def wait_for_room(self) -> None:
        """Waits until an item could be put."""
        with self._changed:
            self._changed.wait_for(self._has_room)

    def end(self) -> None:
        """Says that nothing follows."""
        with self._changed:
            self._is_ended = True
            self._changed.notify_all()

    def take(self, most: int) -> list[T] | None:
        """Waits for an item and takes what else waits, at most `most`; None at the end."""
        with self._changed:
            self._changed.wait_for(lambda: self._items or self._is_ended)
            taken = [self._items.popleft() for _ in range(min(most, len(self._items)))]
            self._changed.notify_all()
        return taken or None

    def _has_room(self) -> bool:
        return not self._most or len(self._items) < self._most


def start(name: str, work: Callable[[], None]) -> threading.Thread:
    """Runs `work` in a thread; an exception that escapes it ends the process.

    What the process had claimed is given back within a second by another worker or by the next
    one in its place. The exception's own words are not logged, since they may quote a ticket.
    """
    thread = threading.Thread(target=_guarded, args=(name, work), name=name, daemon=True)
    thread.start()
    return thread


def _guarded(name: str, work: Callable[[], None]) -> None:
    try:
        work()
    except BaseException as error:
        where = traceback.format_tb(error.__traceback__)
        _log.critical("crashed", thread=name, error=type(error).__name__, where=where)
        os._exit(CRASHED)
