"""The first stage of the pipeline: which tickets this worker takes next.

Which of them it may hold together is said in `worker.retry`.
"""

import threading
import time
from collections.abc import Callable, Sequence
from functools import partial
from typing import TYPE_CHECKING

import structlog
from sqlalchemy import Connection, Engine

from core.errors import Transient
from store.engine import transaction
from store.queue.claims import Claim, claim, suspect_is_next
from worker.counters import Counters
from worker.flight import Flight
from worker.inbox import Inbox
from worker.retry import Treatment, treatment
from worker.stages import Busy, Limits

if TYPE_CHECKING:
    from uuid import UUID

_log = structlog.get_logger(__name__)


class Claiming:
    """Claims what waits longest, once an interval, and what is announced in between.

    Args:
        worker: id under which tickets are claimed.
        engine: the database.
        inbox: ids that were announced.
        flight: what is in hand.
        busy: told when this stage is at work.
        crash_loop: whether workers die one after the other just now.
        counters: what to count into.
        limits: sizes and times.
    """

    def __init__(  # noqa: PLR0913  (the composition root hands each part over by name)
        self,
        *,
        worker: int,
        engine: Engine,
        inbox: Inbox,
        flight: Flight,
        busy: Busy,
        crash_loop: Callable[[], bool],
        counters: Counters,
        limits: Limits,
    ) -> None:
        self._worker = worker
        self._engine = engine
        self._inbox = inbox
        self._flight = flight
        self._busy = busy
        self._crash_loop = crash_loop
        self._count = counters
        self._limits = limits
        self._polled_at = 0.0
        self._hand_must_clear = False

    def run(self, stopping: threading.Event, pass_on: Callable[[Sequence[Claim]], None]) -> None:
        """Claims and passes on until told to stop, waiting for the database while it is away."""
        while not stopping.is_set():
            try:
                self._claim_some(pass_on)
            except Transient as error:
                _log.warning("claim_later", cause=str(error))
                stopping.wait(self._limits.poll_interval_s)

    def look(self) -> None:
        """Has waiting tickets looked for now: some were just given back."""
        self._polled_at = 0.0
        self._inbox.put([])

    def _claim_some(self, pass_on: Callable[[Sequence[Claim]], None]) -> None:
        if self._hand_must_clear:
            if not self._flight.is_clear(timeout_s=self._limits.poll_interval_s):
                return
            self._hand_must_clear, self._polled_at = False, 0.0
        room = self._flight.room(timeout_s=self._limits.poll_interval_s)
        if not room:
            return
        most = min(room, self._limits.batch_tickets)
        wait_s = max(0.0, self._polled_at + self._limits.poll_interval_s - time.monotonic())
        announced = self._inbox.take(most, timeout_s=wait_s)
        began = time.monotonic()
        claims = self.claim(most, announced)
        took = time.monotonic() - began
        self._count.add(claim_seconds=took)
        if claims:
            self._note(claims, took)
            pass_on(claims)

    def claim(self, most: int, announced: "list[UUID]") -> list[Claim]:
        """Claims at most so many: what waits longest if that is due, then what was announced.

        When that is as much as may be, more is looked for at once.

        Raises:
            Transient: the database is away.
        """
        now, loop = time.monotonic(), self._crash_loop()
        if loop:  # what is looked at is locked, and others would overtake it
            most = 1
        is_due = now >= self._polled_at + self._limits.poll_interval_s
        if is_due:
            self._polled_at = now
        elif not announced:
            return []
        empty = self._flight.is_clear(timeout_s=0)
        some = partial(claim, worker=self._worker, lease_s=self._limits.lease_s, crash_loop=loop)

        def work(c: Connection) -> tuple[list[Claim], bool]:
            claims = some(c, most=most, hand_is_empty=empty) if is_due else []
            left = most - len(claims)
            if is_due and left and suspect_is_next(c, crash_loop=loop):
                return claims, True
            if announced and left:
                alone = empty and not claims
                claims += some(c, most=left, ids=announced, hand_is_empty=alone)
            return claims, any(_is_alone(x, loop) for x in claims)

        with self._busy.at("claim"):
            claims, self._hand_must_clear = transaction(self._engine, work)
        if is_due and len(claims) == most:
            self._polled_at = 0.0
        return claims

    def _note(self, claims: Sequence[Claim], took: float) -> None:
        self._flight.take_off(claims)
        self._count.add(batches=1, tickets_claimed=len(claims))
        self._count.observe("ticket_wait_seconds", (claim.waited_s for claim in claims))
        self._inbox.trails.worked_on("claim", claims, took)


def _is_alone(claim: Claim, crash_loop: bool) -> bool:
    return treatment(claim.attempts, crash_loop=crash_loop) is Treatment.ALONE
