"""What the version on trial would have made of tickets that are decided, scored when nobody waits.

It runs in a thread of its own, one chunk at a time, only while the worker holds no ticket, so that
a ticket that arrives meets one short chunk at most. Under load the oldest are left out. Nothing
that goes wrong here reaches a decision.
"""

import threading
from collections import deque
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime

import structlog
from sqlalchemy import Engine

from core.types import Decision, TrialStage
from store.engine import transaction
from store.models.trial_evidence import keep_shadows
from worker.batching import FIRST_ATTEMPT, Chunk, Work, chunks
from worker.counters import Counters
from worker.deciding import decided
from worker.flight import Flight
from worker.host import Host, Serving

_log = structlog.get_logger(__name__)
_AT_ONCE = 32
_CHUNK_TOKENS = 1024  # short, since a ticket that arrives meanwhile shares the device with it
_LOOK_S = 0.5


class Shadow:
    """Scores decided tickets again with the version on trial, while it is a shadow.

    Args:
        engine: the database.
        host: says what is on trial.
        flight: says whether a ticket waits.
        counters: what to count into.
        most: decided tickets that wait to be scored.
    """

    def __init__(
        self,
        *,
        engine: Engine,
        host: Host,
        flight: Flight,
        counters: Counters,
        most: int,
    ) -> None:
        self._engine = engine
        self._host = host
        self._flight = flight
        self._count = counters
        self._most = most
        self._waiting: deque[Work] = deque()
        self._changed = threading.Condition()
        self._stopping = False

    def offer(self, works: Iterable[Work]) -> None:
        """Tickets that were decided; suspects and those without text are left out."""
        if self._serving() is None:
            return
        with self._changed:
            self._waiting.extend(w for w in works if w.text and w.claim.attempts == FIRST_ATTEMPT)
            over = max(0, len(self._waiting) - self._most)
            for _ in range(over):
                self._waiting.popleft()
            self._changed.notify()
        self._count.add(shadow_skipped=over)

    def run(self) -> None:
        """Scores until `stop`."""
        while not self._stopping:
            works, serving = self._next(), self._serving()
            if works and serving is not None:
                self._score(works, serving)

    def stop(self) -> None:
        """Ends `run` after the chunk in hand."""
        with self._changed:
            self._stopping = True
            self._changed.notify()

    def _serving(self) -> Serving | None:
        trial = self._host.on_trial
        return trial.serving if trial is not None and trial.stage is TrialStage.SHADOW else None

    def _next(self) -> list[Work]:
        with self._changed:
            if not self._waiting and not self._stopping:
                self._changed.wait(_LOOK_S)
            some = range(min(_AT_ONCE, len(self._waiting)))
            return [self._waiting.popleft() for _ in some]

    def _score(self, works: Sequence[Work], serving: Serving) -> None:
        """Scores and keeps; what fails is counted and left."""
        try:
            for chunk in chunks(works, serving, max_tokens=_CHUNK_TOKENS):
                while not self._stopping and not self._flight.is_empty(timeout_s=_LOOK_S):
                    pass
                if self._stopping:
                    return
                self._keep(chunk)
        except Exception as error:  # the tickets are decided; only their shadows are missing
            _log.error("shadow_failed", tickets=len(works), cause=type(error).__name__)
            self._count.add(shadow_failed=len(works))

    def _keep(self, chunk: Chunk) -> None:
        rows = chunk.serving.scorer.score([work.item for work in chunk.works])
        now = datetime.now(UTC)
        made = [
            _shadow(work, row.tolist(), chunk.serving, now)
            for work, row in zip(chunk.works, rows, strict=True)
        ]
        self._count.add(shadow_decided=transaction(self._engine, lambda c: keep_shadows(c, made)))


def _shadow(work: Work, row: Sequence[float], serving: Serving, now: datetime) -> Decision:
    return decided(work.claim, text=work.text, row=row, serving=serving, now=now).decision
