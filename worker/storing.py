"""The last stage of the pipeline: scores become decisions, stored in one fenced transaction."""

import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import structlog
from sqlalchemy import Engine

from core.errors import Permanent, Transient
from core.types import TicketState
from router.review import ReviewPlan
from store.decided.decisions import Finished, finish
from store.engine import transaction
from worker.counters import Counters
from worker.deciding import decided, quarantined, refused, review_wanted
from worker.scoring import Scored
from worker.stages import Busy
from worker.storms import Storms
from worker.tally import tally, time_to_decision
from worker.trails import Trails

if TYPE_CHECKING:
    from uuid import UUID

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Storing:
    """Decides what was scored, and stores it.

    Attributes:
        engine: the database.
        storms: which tickets are part of incidents.
        review: what people should look at.
        busy: told when this stage is at work.
        trails: where the traces of announced tickets end.
        counters: what to count into.
        retry_s: seconds until a database that is away is asked again.
    """

    engine: Engine
    storms: Storms
    review: ReviewPlan
    busy: Busy
    trails: Trails
    counters: Counters
    retry_s: float

    def store(self, outcomes: Sequence[Scored]) -> None:
        """Decides and stores, waiting for the database as long as it takes."""
        began, now = time.monotonic(), datetime.now(UTC)
        made = [_finished(scored, now, self.review) for scored in outcomes]
        self._store(self.storms.follow(made, [scored.work.text for scored in outcomes]))
        took = time.monotonic() - began
        time_to_decision(self.counters, (scored.work.claim for scored in outcomes))
        self.trails.decided(((x.work.claim, x.serving.scorer.rung) for x in outcomes), took)
        self.counters.observe("store_round_seconds", [took])
        self.counters.add(store_seconds=took)

    def _store(self, finished: list[Finished]) -> None:
        while True:
            try:
                with self.busy.at("store"):
                    mine = transaction(self.engine, lambda c: finish(c, finished))
            except Transient as error:
                _log.warning("store_later", tickets=len(finished), cause=str(error))
                time.sleep(self.retry_s)
            except Permanent as error:
                return self._store_apart(finished, error)
            else:
                return self.note_stored(finished, set(mine))

    def _store_apart(self, finished: list[Finished], error: Permanent) -> None:
        """Finds the decision that the database refuses, so that it harms nobody else."""
        if len(finished) == 1:
            return self._store_refused(finished[0], error)
        middle = len(finished) // 2
        self._store(finished[:middle])
        self._store(finished[middle:])

    def _store_refused(self, entry: Finished, error: Permanent) -> None:
        """Gives the ticket to a person, since it would be ours and undecided for ever."""
        _log.error("decision_refused", ticket=str(entry.decision.ticket_id), cause=str(error))
        if entry.state is not TicketState.QUARANTINED:
            self._store([refused(entry, str(error))])

    def note_stored(self, finished: Sequence[Finished], mine: set["UUID"]) -> None:
        """Counts what was committed: `mine` are the tickets whose claims still stood."""
        quarantined_now = [x for x in finished if x.state is TicketState.QUARANTINED]
        for entry in quarantined_now:
            _log.error("quarantined", ticket=str(entry.decision.ticket_id), cause=entry.error)
        self.counters.add(
            tickets_decided=len(mine),
            tickets_fenced=len(finished) - len(mine),
            tickets_quarantined=len(quarantined_now),
        )
        tally(self.counters, (entry.decision for entry in finished), mine)


def _finished(scored: Scored, now: datetime, plan: ReviewPlan) -> Finished:
    """The decision on one ticket, and whether a person should look at it."""
    made = _decided(scored, now)
    review = review_wanted(made.decision, scored.serving.policy, plan)
    return replace(made, review=review)


def _decided(scored: Scored, now: datetime) -> Finished:
    """The decision on one ticket; whatever goes wrong with it stays with it."""
    claim, text = scored.work.claim, scored.work.text
    error = scored.error
    if error is None:
        try:
            return decided(claim, text=text, row=scored.row, serving=scored.serving, now=now)
        except Exception as failure:  # one ticket's outcome, recorded with it
            error = f"the rules cannot decide it: they end in {type(failure).__name__}"
    return quarantined(claim, text=text, error=error, serving=scored.serving)
