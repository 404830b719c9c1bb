"""One look at the outbox for all who listen: a task that reads, and a bounded queue for each."""

import asyncio
import contextlib
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime

import anyio.to_thread
import structlog

from core.errors import PointsmanError
from store.delivery.events import Event, Place, late_start
from store.partitions import first_uuid

POLL_S = 0.5
AT_ONCE = 1_000
_KEPT = 2_000

Read = Callable[[Place], list[Event]]
_log = structlog.get_logger(__name__)


class Listener:
    """One who listens: events in a queue, and whether it fell behind and misses some."""

    def __init__(self) -> None:
        self.events: asyncio.Queue[Event] = asyncio.Queue(_KEPT)
        self.is_behind = False

    def tell(self, event: Event) -> None:
        """Puts an event into the queue, or gives up on a listener that does not keep up."""
        try:
            self.events.put_nowait(event)
        except asyncio.QueueFull:
            self.is_behind = True


class Feed:
    """Reads new decisions while somebody listens, and tells everybody.

    Args:
        read: the events from a place on, `AT_ONCE` at most.
        most_listeners: at a time.
    """

    def __init__(self, read: Read, *, most_listeners: int) -> None:
        self._read = read
        self._most = most_listeners
        self._listeners: set[Listener] = set()
        self._place: Place | None = None

    @property
    def is_full(self) -> bool:
        """Whether as many listen as may."""
        return len(self._listeners) >= self._most

    @contextlib.contextmanager
    def listening(self) -> Iterator[Listener]:
        """A listener for what is decided from some seconds ago on."""
        listener = Listener()
        self._listeners.add(listener)
        try:
            yield listener
        finally:
            self._listeners.discard(listener)

    async def run(self) -> None:
        """Reads for ever; to be cancelled."""
        while True:
            found = await self._next() if self._listeners else self._rest()
            for event in found:
                for listener in self._listeners:
                    listener.tell(event)
            if len(found) < AT_ONCE:
                await asyncio.sleep(POLL_S)

    async def read(self, place: Place) -> list[Event]:
        """What there is from a place on, `AT_ONCE` at most."""
        return await anyio.to_thread.run_sync(self._read, place)

    def _rest(self) -> Sequence[Event]:
        """Nobody listens: whoever comes next begins anew."""
        self._place = None
        return ()

    async def _next(self) -> Sequence[Event]:
        place = self._place or Place(start=late_start(first_uuid(datetime.now(UTC))))
        try:
            found = await self.read(place)
        except PointsmanError as error:
            _log.warning("stream_unreadable", cause=str(error))
            return ()
        self._place = place.behind(found)
        return found
