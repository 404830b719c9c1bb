"""The thread of a trainer that checks the stream when that is due, also while a model trains."""

import threading

import structlog
from sqlalchemy import Engine

from core.errors import PointsmanError
from trainer.drift.live import WatchPlan, check

_log = structlog.get_logger(__name__)


class Watcher:
    """Looks by itself from time to time, and at once when it is woken.

    Args:
        engine: the database.
        plan: how windows are checked.
        interval_s: between two looks, in seconds.
        stopping: set when the process should end; a check in hand is not waited for.
    """

    def __init__(
        self, engine: Engine, plan: WatchPlan, *, interval_s: float, stopping: threading.Event
    ) -> None:
        self._engine = engine
        self._plan = plan
        self._interval_s = interval_s
        self._stopping = stopping
        self._wake = threading.Event()
        self._now = threading.Event()

    def start(self) -> None:
        """Begins to look, in a thread that the process does not wait for."""
        threading.Thread(target=self._look_on, name="drift", daemon=True).start()

    def wake(self, *, now: bool = False) -> None:
        """Has it look, as `trainer.check_drift` does; with `now` at a window that is not due."""
        _log.info("drift_check_asked", now=now)
        if now:
            self._now.set()
        self._wake.set()

    def _look_on(self) -> None:
        while not self._stopping.is_set():
            try:
                checked = check(self._engine, self._plan, now=self._take_now())
                _log.debug("drift_looked", why=checked.why)
            except PointsmanError as error:
                _log.warning("drift_later", cause=str(error))
            except Exception:  # training goes on, whatever a check meets
                _log.exception("drift_failed")
            self._wake.wait(self._interval_s)
            self._wake.clear()

    def _take_now(self) -> bool:
        """Whether somebody wants a check before it is due; asked once for each wish."""
        wanted = self._now.is_set()
        self._now.clear()
        return wanted
