"""A chunk through the device, with one bad ticket never failing its mates."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import structlog
from numpy.typing import NDArray

from core.errors import Transient
from store.queue.claims import Claim
from worker.batching import Chunk, Work
from worker.host import Host, Serving
from worker.isolation import Isolation, what_failed
from worker.results import Results
from worker.scorers import Scorer

_log = structlog.get_logger(__name__)
_KNOWN_GOOD = "My parcel has not arrived yet."
_GIVEN_UP = "every worker that had it scored in a process of its own ended meanwhile"


@dataclass(frozen=True, slots=True, kw_only=True)
class Scored:
    """One ticket's outcome: a row of scores (l,), or the error that stands in its way."""

    work: Work
    serving: Serving
    row: Sequence[float] = ()
    error: str | None = None


class Scoring:
    """Scores chunks here, and suspects in a process of their own.

    Args:
        host: asked for the next rung when the current one is broken.
        isolation: scores suspects in a process of their own.
        results: what was scored just now.
    """

    def __init__(self, host: Host, isolation: Isolation, results: Results) -> None:
        self._host = host
        self._isolation = isolation
        self._results = results

    def score(self, chunk: Chunk) -> Iterator[Scored]:
        """The outcome of each ticket of a chunk, in any order."""
        if chunk.works[0].text:
            yield from self._split_until_alone(chunk.works, chunk.serving)
        else:
            yield from (Scored(work=w, serving=chunk.serving) for w in chunk.works)

    def make_ready(self, serving: Serving) -> None:
        """Starts the throwaway process, which may take long and is no ticket's fault."""
        self._isolation.make_ready(serving.scorer)

    def score_apart(self, work: Work, serving: Serving) -> Scored:
        """The outcome of a ticket that may have killed its worker."""
        if not work.text:
            return Scored(work=work, serving=serving)
        answer = self._isolation.score(work.text, serving.scorer)
        return Scored(work=work, serving=serving, row=answer.row, error=answer.error)

    def interrupt(self) -> None:
        """Ends what is being scored in a process of its own; to be called when we stop."""
        self._isolation.interrupt()

    def _split_until_alone(self, works: Sequence[Work], serving: Serving) -> Iterator[Scored]:
        outcome = _attempt(lambda: self._results.score(works, serving.scorer))
        if isinstance(outcome, np.ndarray):
            for work, row in zip(works, outcome, strict=True):
                yield Scored(work=work, serving=serving, row=row.tolist())
        elif len(works) > 1:
            _log.warning("chunk_split", tickets=len(works), cause=type(outcome).__name__)
            middle = len(works) // 2
            yield from self._split_until_alone(works[:middle], serving)
            yield from self._split_until_alone(works[middle:], serving)
        else:
            yield self._convict_or_step_down(works[0], serving, outcome)

    def _convict_or_step_down(self, work: Work, serving: Serving, error: Exception) -> Scored:
        """Quarantines the ticket, unless the scorer fails on a good text or for want of memory."""
        if is_healthy(serving.scorer) and not isinstance(error, Transient):
            return _failed(work, serving, what_failed(error))
        lower = self._host.step_down(serving.scorer)
        if lower.scorer is serving.scorer:
            return _failed(work, serving, what_failed(error))
        item = lower.scorer.prepare([work.text]).items[0]
        moved = Work(claim=work.claim, text=work.text, item=item)
        return next(self._split_until_alone([moved], lower))


def given_up(claim: Claim, serving: Serving) -> Scored:
    """The outcome of a ticket past all patience: nothing of it is read any more."""
    return _failed(Work(claim=claim, text=""), serving, _GIVEN_UP)


def is_healthy(scorer: Scorer) -> bool:
    """Whether the scorer manages a text that nothing is wrong with."""
    outcome = _attempt(lambda: scorer.score(scorer.prepare([_KNOWN_GOOD]).items))
    return isinstance(outcome, np.ndarray)


def _attempt(score: Callable[[], NDArray[Any]]) -> NDArray[Any] | Exception:
    try:
        return score()
    except Exception as error:  # recorded with the ticket that it is traced to
        return error


def _failed(work: Work, serving: Serving, error: str) -> Scored:
    return Scored(work=work, serving=serving, error=error)
