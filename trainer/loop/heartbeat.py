"""How a trainer keeps its run: a lease renewed beside the training, with where the training is.

Whoever loses the lease, or is told to stop, learns it at the training's next sign of progress.
"""

import threading
from collections.abc import Callable, Mapping
from types import TracebackType
from typing import Any

import structlog
from sqlalchemy import Engine

from core.errors import PointsmanError
from store.engine import transaction
from store.models import training_runs
from store.models.training_runs import TrainingRun

_log = structlog.get_logger(__name__)
_NOTES_KEPT = 20

Tell = Callable[[int, Mapping[str, Any]], None]


def tell_nobody(_run: int, _where: Mapping[str, Any]) -> None:
    """For trainings that nobody watches live."""


class Interrupted(Exception):
    """The run is not ours to end: another trainer took it over, or this process was stopped."""


class Heartbeat:
    """A `Progress` that is told to the database, and to the training whether it may go on.

    Args:
        engine: the database.
        run: claimed.
        lease_s: how long the claim holds without being renewed.
        stopping: set when this process should end.
        tell: is given the run's id and where it is, at each beat.
    """

    def __init__(
        self,
        engine: Engine,
        run: TrainingRun,
        *,
        lease_s: float,
        stopping: threading.Event,
        tell: Tell,
    ) -> None:
        self._engine = engine
        self._run = run
        self._lease_s = lease_s
        self._stopping = stopping
        self._tell = tell
        self._over = threading.Event()
        self._lost = False
        self._where: dict[str, Any] = {"stage": "starting", "notes": []}
        self._thread = threading.Thread(target=self._beat_on, name="heartbeat", daemon=True)

    def __enter__(self) -> "Heartbeat":
        self._thread.start()
        return self

    def __exit__(
        self, _kind: type[BaseException] | None, _error: object, _trace: TracebackType | None
    ) -> None:
        self._over.set()
        self._thread.join()

    def stage(self, name: str) -> None:
        """As in `Progress`; raises `Interrupted`, as the others do."""
        _log.info("training", run=self._run.id, stage=name)
        self._where = {"stage": name, "notes": self._where["notes"]}
        self._go_on()

    def advance(self, fraction: float, eta_s: float | None) -> None:
        """As in `Progress`."""
        self._where = {**self._where, "fraction": round(fraction, 4), "eta_s": eta_s}
        self._go_on()

    def note(self, message: str) -> None:
        """As in `Progress`."""
        self._where = {**self._where, "notes": [*self._where["notes"], message][-_NOTES_KEPT:]}
        self._go_on()

    def _go_on(self) -> None:
        if self._lost or self._stopping.is_set():
            raise Interrupted

    def _beat_on(self) -> None:
        """Beats often enough that several may fail, as they do while the database is away."""
        while not self._over.wait(min(self._lease_s / 4, 1.0)):
            self._tell(self._run.id, self._where)
            try:
                self._lost = not transaction(
                    self._engine,
                    lambda c: training_runs.heartbeat(
                        c, self._run, self._where, lease_s=self._lease_s
                    ),
                )
            except PointsmanError as error:
                _log.warning("heartbeat_later", cause=str(error))
