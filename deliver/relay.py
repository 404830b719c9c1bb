"""The relay: takes what is due for each endpoint, sends it, keeps what became of it.

It looks by itself, so that nothing depends on a message arriving, and any number of relays share
the work. A delivery whose relay is killed is taken again when its lease is over: whatever was sent
and not kept is sent again, under the same id.
"""

import random
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor, wait
from dataclasses import dataclass

import structlog
from sqlalchemy import Engine

from core.errors import cause_of
from deliver.schedule import Patience, Step
from deliver.settling import Tried, settle
from helpdesks.receiving import Delivery, Outcome, Receiver, Status
from store.delivery import deliveries
from store.delivery.deliveries import Address, Batch, Claimed
from store.delivery.webhook_endpoints import MOST
from store.engine import transaction

_log = structlog.get_logger(__name__)
_AT_ONCE = 4 * MOST  # every endpoint's most, so that a slow one never takes another's place

Receivers = Callable[[Address], Receiver]
"""What sends to an address; raises one of our own errors where that cannot be told."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Pace:
    """How the relay works, in seconds: its lease, how often it looks, how long it tries."""

    lease_s: float
    poll_interval_s: float
    patience: Patience


class Relay:
    """One process' part of the work.

    Args:
        engine: of the database.
        receivers: what sends.
        pace: how.
    """

    def __init__(self, engine: Engine, receivers: Receivers, pace: Pace) -> None:
        self._engine = engine
        self._receivers = receivers
        self._pace = pace
        self._wake = threading.Event()
        self._pool = ThreadPoolExecutor(_AT_ONCE, thread_name_prefix="deliver")
        self._under_way: set[Future[None]] = set()

    def run(self, stopping: threading.Event) -> None:
        """Works until it is told to stop; what is under way then goes on."""
        while not stopping.is_set():
            try:
                self.look()
            except Exception as error:  # whatever it is, the next round looks again
                _log.warning("deliveries_later", cause=cause_of(error))
            self._wake.wait(self._pace.poll_interval_s)
            self._wake.clear()

    def wake(self) -> None:
        """Has it look now."""
        self._wake.set()

    def look(self) -> int:
        """Takes what is due and begins to send it; gives how many.

        Raises:
            Transient: the database is away.
        """
        begun = 0
        for endpoint in transaction(self._engine, deliveries.ready):
            if (batch := self._claim(endpoint)) is not None:
                for claimed in batch.claimed:
                    self._begin(batch.address, claimed)
                begun += len(batch.claimed)
        return begun

    def rest(self, timeout_s: float) -> None:
        """Waits for what is under way."""
        wait(list(self._under_way), timeout_s)

    def finish(self, grace_s: float) -> None:
        """Waits for what is under way; it takes nothing any more."""
        self.rest(grace_s)
        self._pool.shutdown(wait=False, cancel_futures=True)

    def _claim(self, endpoint: int) -> Batch | None:
        lease_s = self._pace.lease_s
        return transaction(self._engine, lambda c: deliveries.claim(c, endpoint, lease_s=lease_s))

    def _begin(self, address: Address, claimed: Claimed) -> None:
        future = self._pool.submit(self._deliver, address, claimed)
        self._under_way.add(future)
        future.add_done_callback(self._under_way.discard)

    def _deliver(self, address: Address, claimed: Claimed) -> None:
        tried = self._tried(address, claimed)
        try:
            step = transaction(
                self._engine,
                lambda c: settle(
                    c, address.endpoint, claimed, tried, self._pace.patience, random.random()
                ),
            )
            _tell(address, claimed, tried, step)
        except Exception as error:  # its lease ends, and it is sent again
            _log.warning("delivery_not_kept", delivery=claimed.id, cause=cause_of(error))
        self.wake()

    def _tried(self, address: Address, claimed: Claimed) -> Tried:
        began = time.perf_counter()
        outcome = self._sent(address, claimed)
        return Tried(outcome=outcome, ms=round((time.perf_counter() - began) * 1000))

    def _sent(self, address: Address, claimed: Claimed) -> Outcome:
        if claimed.payload is None:
            return Outcome(status=Status.REFUSED, note="its event was dropped by retention")
        said = Delivery(id=claimed.event_id, event=claimed.event, payload=claimed.payload)
        try:
            return self._receivers(address).send(said)
        except Exception as error:  # one delivery's outcome, kept with it
            _log.error("receiver_failed", delivery=claimed.id, cause=type(error).__name__)
            return Outcome(status=Status.RETRY, note=cause_of(error))


def _tell(address: Address, claimed: Claimed, tried: Tried, step: Step | None) -> None:
    _log.info(
        "delivery_tried",
        endpoint=address.endpoint,
        delivery=claimed.id,
        event_id=str(claimed.event_id),
        attempt=claimed.attempts,
        status=tried.outcome.http_status,
        fate="taken over" if step is None else step.fate,
        ms=tried.ms,
    )
