"""The thread of a trainer that erases files when an erasure asks for it, also while a model trains.

Each trainer sweeps its own state folder when it starts and after each erasure, whoever ended that.
"""

import threading
from dataclasses import dataclass
from pathlib import Path
from uuid import UUID

import structlog
from sqlalchemy import Connection, Engine

from store.engine import transaction
from store.erasure import erasures
from store.retention import texts_done_until
from trainer.privacy.sweep import erase_files

_log = structlog.get_logger(__name__)


class Sweeper:
    """Looks from time to time whether anything was erased, or past its time, since its last sweep.

    Args:
        engine: the database.
        state: the folder with `snapshots`, `drift` and `models`.
        interval_s: between two looks, in seconds.
        stopping: set when the process should end.
    """

    def __init__(
        self, engine: Engine, state: Path, *, interval_s: float, stopping: threading.Event
    ) -> None:
        self._engine = engine
        self._state = state
        self._interval_s = interval_s
        self._stopping = stopping
        self._swept: _Seen | None = None

    def start(self) -> None:
        """Begins to look, in a thread that the process does not wait for."""
        threading.Thread(target=self._look_on, name="erasing", daemon=True).start()

    def look(self) -> bool:
        """Sweeps if there is anything new; whether it did."""
        seen, waits = transaction(self._engine, _seen)
        if not waits and seen == (self._swept or _Seen(newest=None, texts_until=None)):
            return False
        erase_files(self._engine, self._state, before=seen.texts_until, is_trainer=True)
        self._swept = seen
        return True

    def _look_on(self) -> None:
        while not self._stopping.is_set():
            try:
                self.look()
            except Exception as error:  # tried again; what is left to erase stays on record
                _log.error("erasure_later", cause=type(error).__name__)
            self._stopping.wait(self._interval_s)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Seen:
    """The newest erasure, and up to which ticket texts were dropped."""

    newest: UUID | None
    texts_until: UUID | None


def _seen(connection: Connection) -> tuple[_Seen, bool]:
    """What there is to sweep for, and whether an erasure waits."""
    newest = [erasure.id for erasure in erasures.page(connection, after=None, most=1)]
    seen = _Seen(newest=newest[0] if newest else None, texts_until=texts_done_until(connection))
    return seen, bool(erasures.without_files(connection))
