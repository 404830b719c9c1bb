"""Being alive for others to see, and seeing who is not.

A worker lives as long as it holds its advisory lock. Each worker gives back the claims of those
that do not, renews its own leases, reports its counters, and ends itself when it hangs: at the
device, or on its way to the database.
"""

import os
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import structlog
from sqlalchemy import Connection, Engine, text
from sqlalchemy.exc import SQLAlchemyError

from core.errors import PointsmanError
from store.engine import transaction
from store.queue import workers
from store.queue.claims import give_back_of_the_dead, hold_worker_lock, renew
from store.queue.deaths import recent_deaths
from store.queue.workers import WorkerReport
from worker.retry import CRASH_WINDOW_S, is_crash_loop

_log = structlog.get_logger(__name__)
_REPORT_INTERVAL_S = 1.0

HUNG = 75
"""Exit status of a worker that hangs: sysexits.h calls 75 a failure that may pass."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Pulse:
    """How often, in seconds."""

    sweep_interval_s: float
    lease_s: float
    chunk_timeout_s: float


class Presence:
    """One worker's lock, lease, report and sweep.

    Args:
        worker: its id.
        engine: for short transactions.
        lock_engine: for the connection that holds the lock.
        pulse: how often.
        report: what to say of ourselves.
        held: tokens of the claims that are to be renewed.
        busy_since: monotonic time in seconds since when a stage is at its work, or None.
        suspect: called before we end because we hang: what is on the device may be why.
        found_work: called when tickets were given back.
    """

    def __init__(  # noqa: PLR0913  (the composition root hands each part over by name)
        self,
        *,
        worker: int,
        engine: Engine,
        lock_engine: Engine,
        pulse: Pulse,
        report: Callable[[], WorkerReport],
        held: Callable[[], Sequence[int]],
        busy_since: Callable[[], float | None],
        suspect: Callable[[], None],
        found_work: Callable[[], None],
    ) -> None:
        self._worker = worker
        self._engine = engine
        self._lock_engine = lock_engine
        self._pulse = pulse
        self._report = report
        self._held = held
        self._busy_since = busy_since
        self._suspect = suspect
        self._found_work = found_work
        self._lock: Connection | None = None
        self._due: dict[str, float] = {}
        self.crash_loop = False

    def beat(self) -> None:
        """One round; never raises for a database that is away."""
        self._end_if_hung()
        try:
            self._hold_lock()
            if transaction(self._engine, give_back_of_the_dead):
                self._found_work()
            if self._is_due("renew", self._pulse.lease_s / 3):
                self._renew()
            if self._is_due("report", _REPORT_INTERVAL_S):
                said = self._report()
                transaction(self._engine, lambda c: workers.report(c, self._worker, said))
                self._look_for_crash_loop()
        except (PointsmanError, SQLAlchemyError) as error:
            self._drop_lock()
            _log.warning("database_away", cause=type(error).__name__)

    def _renew(self) -> None:
        tokens, lease_s = self._held(), self._pulse.lease_s
        transaction(
            self._engine,
            lambda c: renew(c, worker=self._worker, lease_s=lease_s, tokens=tokens),
        )

    def _look_for_crash_loop(self) -> None:
        deaths = transaction(self._engine, lambda c: recent_deaths(c, within_s=CRASH_WINDOW_S))
        if is_crash_loop(deaths) and not self.crash_loop:
            _log.error("crash_loop", deaths=deaths, seconds=CRASH_WINDOW_S)
        self.crash_loop = is_crash_loop(deaths)

    def leave(self) -> None:
        """Lets go of the lock: from now on we count as dead."""
        self._drop_lock()

    def _hold_lock(self) -> None:
        """Takes the lock again when its connection broke, for instance with the server."""
        if self._lock is None:
            connection = self._lock_engine.connect()
            try:
                hold_worker_lock(connection, self._worker)
                connection.commit()
            except SQLAlchemyError:
                connection.invalidate()
                connection.close()
                raise
            self._lock = connection
        self._lock.execute(text("SELECT 1"))
        self._lock.commit()

    def _drop_lock(self) -> None:
        if self._lock is not None:
            self._lock.invalidate()
            self._lock.close()
            self._lock = None

    def _is_due(self, what: str, interval_s: float) -> bool:
        now = time.monotonic()
        if now < self._due.get(what, 0.0):
            return False
        self._due[what] = now + interval_s
        return True

    def _end_if_hung(self) -> None:
        since = self._busy_since()
        if since is not None and time.monotonic() - since > self._pulse.chunk_timeout_s:
            _log.critical("worker_hangs", seconds=self._pulse.chunk_timeout_s)
            self._suspect()
            os._exit(HUNG)
