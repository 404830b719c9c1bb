"""Explanations that people ask for, made in a thread of its own when no ticket waits.

Tickets come first: one explanation is made while the worker holds none, or at most one for so
many batches under load. Whatever goes wrong with one is kept with it and reaches no decision.
"""

import json
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import structlog
from sqlalchemy import Connection, Engine

from classifier.transformer import Network
from core.errors import Permanent, Transient, cause_of
from core.text import model_text
from core.types import Rung
from store.decided import explanations
from store.decided.explanations import MOST_ATTEMPTS, Asked, Subject
from store.engine import transaction
from store.models import model_versions
from store.queue.claims import TOGETHER_UNTIL
from store.rules import taxonomy
from worker.corrected import Corrected
from worker.counters import Counters
from worker.explained import explained
from worker.host import Host
from worker.ladder import Holds, steps
from worker.scorers import NetworkScorer, Scorer

_log = structlog.get_logger(__name__)
_LEASE_S = 30.0
_TURN_S = 0.05
_NO_TEXT = "it has no text"
_SUSPECT = "its text may end a worker"


@dataclass(frozen=True, slots=True, kw_only=True)
class Pace:
    """When a worker looks for what is asked, and how many batches come first under load."""

    look_s: float
    after_batches: int


class Explaining:
    """Makes what is asked for, one at a time.

    Args:
        engine: the database.
        host: says what serves.
        is_idle: whether the worker holds no ticket; waits up to `timeout_s` for it.
        counters: what to count into.
        corrected: where corrected tickets lie.
        pace: see `Pace`.
        threads: torch threads of a version that has to be loaded; 0 leaves torch's own choice.
    """

    def __init__(  # noqa: PLR0913  (the composition root hands each part over by name)
        self,
        *,
        engine: Engine,
        host: Host,
        is_idle: Callable[..., bool],
        counters: Counters,
        corrected: Corrected,
        pace: Pace,
        threads: int,
    ) -> None:
        self._engine = engine
        self._host = host
        self._is_idle = is_idle
        self._count = counters
        self._corrected = corrected
        self._pace = pace
        self._threads = threads
        self._stopping = threading.Event()
        self._batches_then = 0.0
        self._loaded: Scorer | None = None

    def run(self) -> None:
        """Works until `stop`; waits while nothing is asked."""
        while not self._stopping.is_set():
            if not self.step():
                self._stopping.wait(self._pace.look_s)

    def stop(self) -> None:
        """Ends `run` after what is in hand."""
        self._stopping.set()

    def step(self) -> bool:
        """One explanation, or some features while nothing is asked; whether there was any."""
        if not self._has_turn():
            return False
        try:
            asked = transaction(self._engine, lambda c: explanations.take(c, lease_s=_LEASE_S))
            if asked is not None:
                self._batches_then = self._count.totals()["batches"]
                self._make(asked)
                return True
            self._corrected.follow(self._network())
            return self._is_idle(timeout_s=0) and self._corrected.fill()
        except Exception as error:  # nothing here may end a worker that decides tickets
            _log.warning("explain_later", cause=type(error).__name__)
            return False

    def _has_turn(self) -> bool:
        if self._is_idle(timeout_s=_TURN_S):
            return True
        batches = self._count.totals()["batches"] - self._batches_then
        return batches >= self._pace.after_batches

    def _make(self, asked: Asked) -> None:
        subject, began = asked.subject, time.monotonic()
        try:
            result = json.dumps(self._result(asked))
            work: Callable[[Connection], None] = partial(
                explanations.keep, subject=subject, result=result
            )
            self._count.add(explanations_made=1)
            _log.info("explained", ticket=str(subject.ticket_id), s=time.monotonic() - began)
        except Transient:
            raise
        except Exception as error:  # kept with the explanation
            reason = cause_of(error)
            work = partial(explanations.fail, subject=subject, error=reason)
            self._count.add(explanations_failed=1)
            _log.warning("explain_failed", ticket=str(subject.ticket_id), cause=reason)
        transaction(self._engine, work)

    def _result(self, asked: Asked) -> dict[str, object]:
        if asked.attempts > MOST_ATTEMPTS or asked.ticket_attempts > TOGETHER_UNTIL:
            raise Permanent(_SUSPECT)
        text = model_text(asked.ticket.subject, asked.ticket.body)
        if not text:
            raise Permanent(_NO_TEXT)
        subject = asked.subject
        own = (subject.ticket_id, subject.revision)
        self._corrected.follow(self._network())
        return {
            **explained(text, self._scorer(subject)),
            "complete": self._corrected.catch_up(),
            "nearest": self._corrected.nearest(text, own),
        }

    def _network(self) -> Network | None:
        scorer = self._host.serving.scorer
        return scorer.network if isinstance(scorer, NetworkScorer) else None

    def _scorer(self, subject: Subject) -> Scorer:
        """What scored it: the one that serves or is on trial, else loaded on the CPU.

        Raises:
            Permanent: that version, or its files, are gone.
        """
        on_trial = self._host.on_trial
        serving = [self._host.serving, *([on_trial.serving] if on_trial else [])]
        for each in serving:
            if _is_of(each.scorer, subject):
                return each.scorer
        kept = self._loaded
        if kept is None or not _is_of(kept, subject) or subject.rung is Rung.KEYWORDS:
            self._loaded = kept = self._load(subject)  # keywords change without a version
        return kept

    def _load(self, subject: Subject) -> Scorer:
        def held(connection: Connection) -> Holds:
            version = subject.model_version
            labels = taxonomy.labels(connection)
            return Holds(
                model=model_versions.registered(connection, version) if version else None,
                keywords={label.name: label.keywords for label in labels},
                device="cpu",
                threads=self._threads,
            )

        rungs = dict(steps(transaction(self._engine, held)))
        if subject.rung not in rungs:
            raise Permanent(f"nothing is left of the {subject.rung} that scored it")
        return rungs[subject.rung]()


def _is_of(scorer: Scorer, subject: Subject) -> bool:
    rung = Rung.MODEL if scorer.rung is Rung.MODEL_CPU else scorer.rung
    return rung is subject.rung and (scorer.versions.model or "") == subject.model_version
