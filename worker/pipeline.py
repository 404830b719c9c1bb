"""The way of a ticket through a worker: claim, encode, score, decide and store.

Four threads, a stage each, so that the device never waits for the tokenizer or the database:

    claims ──► encoded chunks ──► scored tickets ──► one fenced transaction

Whatever waits when a stage gets free is its next piece of work; no timer delays a chunk. A fifth
thread has suspects scored in a process of their own, beside the device, where they hold up nobody.
A sixth lets a version on trial score what is decided, when nothing waits.
"""

import threading
import time
from collections.abc import Callable, Sequence
from contextlib import suppress

import structlog
from sqlalchemy import Engine

from core.errors import PointsmanError, Transient
from router.review import ReviewPlan
from store.engine import transaction
from store.queue.claims import ALONE_UNTIL, Claim, begin_apart, give_back_as_suspects, release
from worker.batching import Chunk, chunks, deal, read
from worker.claiming import Claiming
from worker.counters import Counters
from worker.flight import Flight
from worker.host import Host
from worker.inbox import Inbox
from worker.retry import Treatment, is_beside, treatment
from worker.scoring import Scored, Scoring, given_up
from worker.shadow import Shadow
from worker.stages import Belt, Busy, Limits, start
from worker.storing import Storing
from worker.storms import Storms

_log = structlog.get_logger(__name__)
_STORE_AT_ONCE = 16


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
        self._inbox = inbox
        self._count = counters
        self._limits = limits
        most = limits.batch_tickets * (limits.queued_batches + 1)
        self._flight = Flight(most)
        self._busy = Busy()
        self._claiming = Claiming(
            worker=worker,
            engine=engine,
            inbox=inbox,
            flight=self._flight,
            busy=self._busy,
            crash_loop=crash_loop,
            counters=counters,
            limits=limits,
        )
        self._storing = Storing(
            engine=engine,
            storms=storms,
            review=review,
            busy=self._busy,
            trails=inbox.trails,
            counters=counters,
            retry_s=limits.poll_interval_s,
        )
        self._shadow = Shadow(
            engine=engine, host=host, flight=self._flight, counters=counters, most=most
        )
        self._stopping = threading.Event()
        self._batches: Belt[list[Claim]] = Belt()
        self._chunks: Belt[Chunk] = Belt(limits.chunks_ahead)
        self._suspects: Belt[Claim] = Belt()
        self._scored: Belt[list[Scored]] = Belt()
        self._threads: list[threading.Thread] = []
        self._on_device: Chunk | None = None

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
        self._claiming.look()

    def suspect_device(self) -> None:
        """Has what is on the device scored apart from now on, if that is what hangs: we end."""
        chunk = self._on_device
        if chunk is None or not self._busy.is_slowest("device"):
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
        return self._flight.tokens()

    def busy_since(self) -> float | None:
        """Since when the slowest stage is at what it does, in monotonic seconds; None if none is.

        What waits for tickets, or for a database that is away, is at nothing.
        """
        return self._busy.since()

    # claim

    def _claim_all(self) -> None:
        self._claiming.run(self._stopping, self._pass_on)
        self._batches.end()

    def _pass_on(self, claims: Sequence[Claim]) -> None:
        for_here = [claim for claim in claims if not is_beside(claim.attempts)]
        if for_here:
            self._batches.put(for_here)
        for suspect in claims:
            if is_beside(suspect.attempts):
                self._suspects.put(suspect)

    # encode

    def _encode_all(self) -> None:
        while (batches := self._batches.take(self._flight.most)) is not None:
            claims = [claim for batch in batches for claim in batch]
            if self._stopping.is_set():
                self._release(claims)
            else:
                self._encode(claims)
            self._chunks.wait_for_room()  # what comes meanwhile is of the next chunk
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
        with self._busy.at("device"):
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
            outcomes = [scored for chunk in waiting for scored in chunk]
            self._storing.store(outcomes)
            self._shadow.offer(scored.work for scored in outcomes if scored.error is None)
            self._flight.land([scored.work.claim for scored in outcomes])

    def _release(self, claims: Sequence[Claim]) -> None:
        """Gives claims back; when the database is away, our death does it."""
        with suppress(PointsmanError):
            transaction(self._engine, lambda c: release(c, claims, worker=self._worker))
        self._flight.land(claims)
