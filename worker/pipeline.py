"""The way of a ticket through a worker: claim, encode, score, decide and store.

Four threads, a stage each, so that the device never waits for the tokenizer or the database:

    claims ──► encoded chunks ──► scored tickets ──► one fenced transaction

Whatever waits when a stage gets free is its next piece of work; no timer delays a chunk. A fifth
thread has suspects scored in a process of their own, beside the device, where they hold up nobody.
Which tickets a worker may hold together is said in `worker.retry`.
A sixth lets a version on trial score what is decided, when nothing waits.
"""

import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import partial
from typing import TYPE_CHECKING

import structlog
from sqlalchemy import Connection, Engine

from core.errors import Permanent, PointsmanError, Transient
from core.types import TicketState
from router.review import ReviewPlan
from store.claims import (
    ALONE_UNTIL,
    Claim,
    begin_apart,
    claim,
    give_back_as_suspects,
    release,
    suspect_is_next,
)
from store.decisions import Finished, finish
from store.engine import transaction
from worker.batching import Chunk, chunks, deal, read
from worker.counters import Counters
from worker.deciding import decided, quarantined, refused, review_wanted
from worker.flight import Flight
from worker.host import Host
from worker.inbox import Inbox
from worker.retry import Treatment, is_beside, treatment
from worker.scoring import Scored, Scoring, given_up
from worker.shadow import Shadow
from worker.stages import Belt, start
from worker.storms import Storms
from worker.tally import tally, time_to_decision

if TYPE_CHECKING:
    from uuid import UUID

_log = structlog.get_logger(__name__)
_CHUNKS_AHEAD = 2
_STORE_AT_ONCE = 16


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """How much at once, and how often. Units are in the names."""

    batch_tickets: int
    queued_batches: int
    lease_s: float
    poll_interval_s: float


class Pipeline:
    """A worker's four stages.

    Args:
        worker: id under which tickets are claimed.
        engine: the database.
        host: what to serve with.
        scoring: how chunks are scored.
        crash_loop: whether workers die one after the other just now.
        inbox: ids that were announced.
        counters: what to count into.
        limits: sizes and times.
        review: what people should look at.
        storms: which tickets are part of incidents.
    """

    def __init__(  # noqa: PLR0913  (the composition root hands each part over by name)
        self,
        *,
        worker: int,
        engine: Engine,
        host: Host,
        scoring: Scoring,
        crash_loop: Callable[[], bool],
        inbox: Inbox,
        counters: Counters,
        limits: Limits,
        review: ReviewPlan,
        storms: Storms,
    ) -> None:
        self._worker = worker
        self._engine = engine
        self._host = host
        self._scoring = scoring
        self._crash_loop = crash_loop
        self._inbox = inbox
        self._count = counters
        self._limits = limits
        self._review = review
        self._storms = storms
        self._flight = Flight(limits.batch_tickets * (limits.queued_batches + 1))
        self._shadow = Shadow(
            engine=engine,
            host=host,
            flight=self._flight,
            counters=counters,
            most=limits.batch_tickets * (limits.queued_batches + 1),
        )
        self._stopping = threading.Event()
        self._polled_at = 0.0
        self._hand_must_clear = False
        self._batches: Belt[list[Claim]] = Belt()
        self._chunks: Belt[Chunk] = Belt(_CHUNKS_AHEAD)
        self._suspects: Belt[Claim] = Belt()
        self._scored: Belt[list[Scored]] = Belt()
        self._threads: list[threading.Thread] = []
        self._on_device: Chunk | None = None
        self._busy: dict[str, float] = {}
        self._held: set[int] = set()

    def start(self) -> None:
        """Starts the threads."""
        stages = {
            "claim": self._claim_all,
            "encode": self._encode_all,
            "device": self._score_all,
            "suspects": self._score_suspects,
            "store": self._store_all,
            "shadow": self._shadow.run,
        }
        self._threads = [start(name, work) for name, work in stages.items()]

    def stop(self, *, grace_s: float) -> bool:
        """Finishes the chunk in hand, gives the rest back.

        Returns:
            Whether everything ended within `grace_s` seconds.
        """
        self._stopping.set()
        self._inbox.close()
        self._shadow.stop()
        self._scoring.interrupt()
        deadline = time.monotonic() + grace_s
        for thread in self._threads:
            thread.join(max(0.0, deadline - time.monotonic()))
        return not any(thread.is_alive() for thread in self._threads)

    def is_idle(self, *, timeout_s: float) -> bool:
        """Whether no ticket is in hand; waits up to `timeout_s` seconds while some are."""
        return self._flight.is_empty(timeout_s=timeout_s)

    def look(self) -> None:
        """Has waiting tickets looked for now: some were just given back."""
        self._polled_at = 0.0
        self._inbox.put([])

    def suspect_device(self) -> None:
        """Has what is on the device scored apart from now on, if that is what hangs: we end."""
        chunk = self._on_device
        if chunk is None or self._busy.get("device") != self.busy_since():
            return
        claims = [work.claim for work in chunk.works]
        with suppress(PointsmanError):  # the database is away; our death gives them back
            transaction(
                self._engine,
                lambda c: give_back_as_suspects(
                    c, claims, worker=self._worker, attempts=ALONE_UNTIL
                ),
            )

    def held(self) -> list[int]:
        """Tokens of the claims that are in hand."""
        return list(self._held)

    def busy_since(self) -> float | None:
        """Since when the slowest stage is at what it does, in monotonic seconds; None if none is.

        What waits for tickets, or for a database that is away, is at nothing.
        """
        return min(list(self._busy.values()), default=None)

    # claim

    def _claim_all(self) -> None:
        while not self._stopping.is_set():
            try:
                self._claim_some()
            except Transient as error:
                _log.warning("claim_later", cause=str(error))
                self._stopping.wait(self._limits.poll_interval_s)
        self._batches.end()

    def _claim_some(self) -> None:
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
        claims = self._claim(most, announced)
        took = time.monotonic() - began
        self._count.add(claim_seconds=took)
        if claims:
            self._note_claimed(claims, took)
            self._pass_on(claims)

    def _claim(self, most: int, announced: "list[UUID]") -> list[Claim]:
        """What waits longest, once an interval, and what was announced in between.

        When that is as much as may be, more is looked for at once.
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
            if is_due and suspect_is_next(c, crash_loop=loop):
                return claims, True
            if announced and len(claims) < most:
                left, alone = most - len(claims), empty and not claims
                claims += some(c, most=left, ids=announced, hand_is_empty=alone)
            return claims, any(_is_alone(x, loop) for x in claims)

        with self._at("claim"):
            claims, self._hand_must_clear = transaction(self._engine, work)
        if is_due and len(claims) == most:
            self._polled_at = 0.0
        return claims

    def _note_claimed(self, claims: Sequence[Claim], took: float) -> None:
        self._flight.take_off(len(claims), beside=_beside(claims))
        self._held.update(claim.token for claim in claims)
        self._count.add(batches=1, tickets_claimed=len(claims))
        self._count.observe("ticket_wait_seconds", (claim.waited_s for claim in claims))
        self._inbox.trails.worked_on("claim", claims, took)

    def _pass_on(self, claims: Sequence[Claim]) -> None:
        for_here = [claim for claim in claims if not is_beside(claim.attempts)]
        if for_here:
            self._batches.put(for_here)
        for suspect in claims:
            if is_beside(suspect.attempts):
                self._suspects.put(suspect)

    # encode

    def _encode_all(self) -> None:
        while (batches := self._batches.take(self._limits.queued_batches + 1)) is not None:
            claims = [claim for batch in batches for claim in batch]
            if self._stopping.is_set():
                self._release(claims)
            else:
                self._encode(claims)
        self._chunks.end()

    def _encode(self, claims: Sequence[Claim]) -> None:
        began = time.monotonic()
        dealt = deal(read(claims), self._host.serving, self._host.on_trial)
        planned = [chunk for serving, works in dealt for chunk in chunks(works, serving)]
        took = time.monotonic() - began
        self._count.observe("batch_encode_seconds", [took])
        self._count.add(
            encode_seconds=took,
            truncated_texts=sum(chunk.truncated for chunk in planned),
        )
        for chunk in planned:
            self._chunks.put(chunk)

    # score

    def _score_all(self) -> None:
        while (waiting := self._chunks.take(1)) is not None:
            for chunk in waiting:
                if self._stopping.is_set():
                    self._release([work.claim for work in chunk.works])
                else:
                    self._score(chunk)
        self._suspects.end()

    def _score(self, chunk: Chunk) -> None:
        self._on_device = chunk
        began = time.monotonic()
        with self._at("device"):
            outcomes = list(self._scoring.score(chunk))
        self._on_device = None
        took = time.monotonic() - began
        claims = [work.claim for work in chunk.works]
        self._inbox.trails.worked_on("chunk", claims, took, tokens=chunk.tokens)
        self._count.observe("chunk_device_seconds", [took])
        self._count.observe("chunk_size_tokens", [chunk.padded_tokens])
        self._count.add(
            device_seconds=took,
            chunks=1,
            tokens=chunk.tokens,
            padded_tokens=chunk.padded_tokens,
            tickets_scored=len(outcomes),
        )
        self._scored.put(outcomes)

    def _score_suspects(self) -> None:
        while (waiting := self._suspects.take(1)) is not None:
            for suspect in waiting:
                self._score_apart(suspect)
        self._scored.end()

    def _score_apart(self, suspect: Claim) -> None:
        serving = self._host.serving
        if treatment(suspect.attempts) is Treatment.QUARANTINE:
            return self._scored.put([given_up(suspect, serving)])
        if not self._stopping.is_set():
            self._scoring.make_ready(serving)
        if not self._begin_apart(suspect):
            return self._release([suspect])
        scored = self._scoring.score_apart(read([suspect])[0], serving)
        if self._stopping.is_set():  # whatever it says, it may be of our own making
            return self._release([suspect])
        self._scored.put([scored])

    def _begin_apart(self, suspect: Claim) -> bool:
        """Counts the attempt, waiting for the database; False when there is to be none."""
        while not self._stopping.is_set():
            try:
                return transaction(self._engine, lambda c: begin_apart(c, suspect))
            except Transient as error:
                _log.warning("begin_later", cause=str(error))
                self._stopping.wait(self._limits.poll_interval_s)
        return False

    # decide and store

    def _store_all(self) -> None:
        while (waiting := self._scored.take(_STORE_AT_ONCE)) is not None:
            began = time.monotonic()
            outcomes = [scored for chunk in waiting for scored in chunk]
            now = datetime.now(UTC)
            made = [_finished(scored, now, self._review) for scored in outcomes]
            self._store(self._storms.follow(made, [scored.work.text for scored in outcomes]))
            self._shadow.offer(scored.work for scored in outcomes if scored.error is None)
            self._land([scored.work.claim for scored in outcomes])
            self._note_round(outcomes, time.monotonic() - began)

    def _note_round(self, outcomes: Sequence[Scored], took: float) -> None:
        time_to_decision(self._count, (scored.work.claim for scored in outcomes))
        rungs = ((x.work.claim, x.serving.scorer.rung) for x in outcomes)
        self._inbox.trails.decided(rungs, took)
        self._count.observe("store_round_seconds", [took])
        self._count.add(store_seconds=took)

    def _store(self, finished: list[Finished]) -> None:
        """Stores decisions, waiting for the database as long as it takes."""
        while True:
            try:
                with self._at("store"):
                    mine = transaction(self._engine, lambda c: finish(c, finished))
            except Transient as error:
                _log.warning("store_later", tickets=len(finished), cause=str(error))
                time.sleep(self._limits.poll_interval_s)
            except Permanent as error:
                return self._store_apart(finished, error)
            else:
                return self._note_stored(finished, set(mine))

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

    def _note_stored(self, finished: Sequence[Finished], mine: set["UUID"]) -> None:
        quarantined_now = [x for x in finished if x.state is TicketState.QUARANTINED]
        for entry in quarantined_now:
            _log.error("quarantined", ticket=str(entry.decision.ticket_id), cause=entry.error)
        self._count.add(
            tickets_decided=len(mine),
            tickets_fenced=len(finished) - len(mine),
            tickets_quarantined=len(quarantined_now),
        )
        tally(self._count, (entry.decision for entry in finished), mine)

    @contextmanager
    def _at(self, stage: str) -> Iterator[None]:
        """Has a stage count as busy meanwhile."""
        self._busy[stage] = time.monotonic()
        try:
            yield
        finally:
            del self._busy[stage]

    def _release(self, claims: Sequence[Claim]) -> None:
        """Gives claims back; when the database is away, our death does it."""
        with suppress(PointsmanError):
            transaction(self._engine, lambda c: release(c, claims, worker=self._worker))
        self._land(claims)

    def _land(self, claims: Sequence[Claim]) -> None:
        self._flight.land(len(claims), beside=_beside(claims))
        self._held.difference_update(claim.token for claim in claims)


def _is_alone(claim: Claim, crash_loop: bool) -> bool:
    return treatment(claim.attempts, crash_loop=crash_loop) is Treatment.ALONE


def _beside(claims: Sequence[Claim]) -> int:
    return sum(is_beside(claim.attempts) for claim in claims)


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
