"""The worker's composition root: settings in, every part made here, one process run."""

import os
import socket
import threading
from collections.abc import Callable
from dataclasses import dataclass

import structlog
from celery import Celery

from broker.app import make_consumer_app
from broker.consumer import consume
from broker.exposure import refuse_exposed
from broker.messages import MAINTENANCE_QUEUE, TICKETS_QUEUE
from classifier.backends.choice import Preference
from classifier.key_files import takers_keys
from classifier.precision import memory_bytes, resolve_device
from classifier.signing import use_keys
from core.errors import PointsmanError
from core.measures import BY_NAME
from core.redaction import redactor
from core.settings import Settings
from router.review import ReviewPlan
from store.decided.decisions import give_back_for_rescoring
from store.engine import make_engine, make_lock_engine, transaction
from store.feedback.ping_pong import PingPong, end_ping_pong
from store.queue import workers
from store.queue.workers import WorkerReport
from worker.corrected import Corrected
from worker.counters import Counters
from worker.explaining import Explaining, Pace
from worker.host import Climb, Host
from worker.inbox import Inbox
from worker.isolation import COMMAND, Isolation
from worker.ladder import climb
from worker.maintenance import (
    Periods,
    care_for_partitions,
    count_past_hours,
    drop_what_is_past,
    forget_deliveries,
    forget_explanations,
    forget_idempotency_keys,
    forget_what_helpdesks_sent,
)
from worker.pipeline import Pipeline
from worker.presence import Presence, Pulse
from worker.results import Results
from worker.scoring import Scoring
from worker.stages import Limits, start
from worker.storms import StormPlan, Storms
from worker.tasks import Intake, add_tasks

_log = structlog.get_logger(__name__)
_ANNOUNCED_KEPT = 100_000
_PING_PONG_INTERVAL_S = 2
_STORM_INTERVAL_S = 2
_CONNECTIONS = 9  # one for each thread that asks the database


@dataclass(frozen=True, slots=True, kw_only=True)
class Parts:
    """What tests replace: how scorers are found, and what scores suspects."""

    climb: Climb = climb
    isolation_command: tuple[str, ...] = COMMAND


class Worker:
    """One process on one device.

    Args:
        settings: with both URLs set.
        parts: how scorers are found; the real ones unless a test says otherwise.

    Raises:
        Invalid: a URL is missing, or there is no such device.
        Transient: the database is away.
    """

    def __init__(self, settings: Settings, parts: Parts) -> None:
        database_url, self._redis_url = settings.service_urls()
        use_keys(takers_keys(settings))
        refuse_exposed(settings, self._redis_url)
        self._settings = settings
        self._device = resolve_device(settings.device)
        pool = max(settings.database_pool, _CONNECTIONS)
        self._engine = make_engine(
            database_url,
            pool_size=pool,
            statement_timeout_s=settings.statement_timeout_s,
            idle_timeout_s=settings.lease_s,  # who stands still keeps no locks beyond its claims
        )
        self._redactor = redactor(settings)
        self._stopping = threading.Event()
        self._counters = Counters()
        self._inbox = Inbox(_ANNOUNCED_KEPT)
        self._host = Host(
            self._engine,
            device=self._device,
            threads=settings.device_threads,
            backend=Preference(
                backend=settings.backend,
                memory=settings.state_dir / "backends",
                chunk_tokens=settings.chunk_tokens,
            ),
            languages=settings.languages,
            climb=parts.climb,
        )
        self._host.refresh()
        self._id = self._register()
        self._isolation = Isolation(
            timeout_s=settings.text_timeout_s, command=parts.isolation_command
        )
        self._storms = self._make_storms()
        self._pipeline = self._make_pipeline()
        self._explaining = self._make_explaining()
        self._presence = self._make_presence(database_url)

    def run(self) -> None:
        """Works until SIGTERM or Ctrl-C, then finishes the chunk in hand and returns."""
        self._presence.beat()
        self._pipeline.start()
        threads = [
            start("presence", self._repeat(self._presence.beat, self._settings.sweep_interval_s)),
            start("watch", self._repeat(self._watch, self._settings.watch_interval_s)),
            start("explain", self._explaining.run),
            start("ping-pong", self._repeat(self._end_ping_pong, _PING_PONG_INTERVAL_S)),
            start("storms", self._repeat(self._storms.look, _STORM_INTERVAL_S)),
        ]
        _log.info("ready", worker=self._id, device=self._device)
        consume(
            self._make_consumer(),
            (TICKETS_QUEUE, MAINTENANCE_QUEUE),
            stopping=self._stopping,
            log_level=self._settings.log_level,
        )
        self._explaining.stop()
        done = self._pipeline.stop(grace_s=self._settings.shutdown_grace_s - 1)
        for thread in threads:
            thread.join(1)
        self._isolation.stop()
        self._presence.leave()
        _log.info("stopped", worker=self._id, cleanly=done)

    def _end_ping_pong(self) -> None:
        """Gives tickets that people pass on and on to the human lead."""
        settings = self._settings
        when = PingPong(
            moves=settings.ping_pong_moves,
            lead=settings.ping_pong_department,
            due_s=settings.review_due_hours * 3600,
        )
        if not when.moves:
            return
        try:
            if given := transaction(self._engine, lambda c: end_ping_pong(c, when)):
                _log.info("ping_pong", tickets=len(given))
        except PointsmanError as error:  # the database is away; the next round looks again
            _log.warning("cannot_end_ping_pong", cause=type(error).__name__)

    def _watch(self) -> None:
        """Follows rules and model; whatever fails, what serves now serves on."""
        try:
            self._follow()
        except Exception as error:  # a ruleset or an artifact that nobody foresaw
            _log.error("cannot_follow", cause=type(error).__name__)

    def _follow(self) -> None:
        self._host.refresh()
        if not self._host.serving.scorer.rung.is_degraded:
            most = self._settings.rescore_batch_tickets
            if transaction(self._engine, lambda c: give_back_for_rescoring(c, most=most)):
                self._inbox.put([])

    def _repeat(self, work: Callable[[], None], interval_s: float) -> Callable[[], None]:
        def loop() -> None:
            while not self._stopping.wait(interval_s):
                work()

        return loop

    def _register(self) -> int:
        rung = self._host.serving.scorer.rung
        return transaction(
            self._engine,
            lambda c: workers.register(
                c, host=socket.gethostname(), pid=os.getpid(), device=self._device, rung=rung
            ),
        )

    def _report(self) -> WorkerReport:
        serving = self._host.serving
        return WorkerReport(
            rung=serving.scorer.rung,
            model_version=serving.scorer.versions.model,
            ruleset_version=serving.ruleset_version,
            counters={**self._counters.totals(), **self._device_memory()},
        )

    def _device_memory(self) -> dict[str, float]:
        measure = BY_NAME["device_memory_bytes"]
        return {measure.key(what): size for what, size in memory_bytes(self._device).items()}

    def _make_pipeline(self) -> Pipeline:
        settings = self._settings
        return Pipeline(
            worker=self._id,
            engine=self._engine,
            host=self._host,
            scoring=Scoring(
                self._host,
                self._isolation,
                Results(settings.result_cache_entries, self._counters),
            ),
            crash_loop=lambda: self._presence.crash_loop,
            inbox=self._inbox,
            counters=self._counters,
            limits=Limits(
                batch_tickets=settings.batch_tickets,
                queued_batches=settings.queued_batches,
                # A GPU is done with one sooner than the next tickets are encoded.
                chunks_ahead=1 if self._device == "cpu" else 2,
                lease_s=settings.lease_s,
                poll_interval_s=settings.poll_interval_s,
            ),
            review=ReviewPlan(
                audit_share=settings.audit_share, due_s=settings.review_due_hours * 3600
            ),
            storms=self._storms,
        )

    def _make_storms(self) -> Storms:
        settings = self._settings
        plan = StormPlan(
            tickets=settings.incident_tickets,
            window_s=settings.incident_window_minutes * 60,
            similarity=settings.incident_similarity,
            quiet_s=settings.incident_quiet_minutes * 60,
        )
        return Storms(self._engine, plan, self._counters)

    def _make_explaining(self) -> Explaining:
        settings = self._settings
        return Explaining(
            engine=self._engine,
            host=self._host,
            is_idle=self._pipeline.is_idle,
            counters=self._counters,
            corrected=Corrected(self._engine, most=settings.explain_corrected_tickets),
            pace=Pace(
                look_s=settings.poll_interval_s / 2, after_batches=settings.explain_after_batches
            ),
            threads=settings.device_threads,
        )

    def _make_presence(self, database_url: str) -> Presence:
        settings = self._settings
        return Presence(
            worker=self._id,
            engine=self._engine,
            lock_engine=make_lock_engine(database_url),
            pulse=Pulse(
                sweep_interval_s=settings.sweep_interval_s,
                lease_s=settings.lease_s,
                chunk_timeout_s=settings.chunk_timeout_s,
            ),
            report=self._report,
            held=self._pipeline.held,
            busy_since=self._pipeline.busy_since,
            suspect=self._pipeline.suspect_device,
            found_work=self._pipeline.look,
        )

    def _make_consumer(self) -> Celery:
        settings = self._settings
        app = make_consumer_app(self._redis_url, visibility_timeout_s=settings.visibility_timeout_s)
        add_tasks(
            app,
            intake=Intake(engine=self._engine, redactor=self._redactor, stopping=self._stopping),
            inbox=self._inbox,
            counters=self._counters,
            maintain=self._maintain,
        )
        return app

    def _maintain(self) -> None:
        settings = self._settings
        care_for_partitions(
            self._engine,
            months_ahead=settings.partitions_ahead,
            outbox_retention_days=settings.outbox_retention_days,
        )
        drop_what_is_past(
            self._engine,
            Periods(
                texts=settings.text_retention_days,
                traces=settings.trace_retention_days,
                dead_letters=settings.dead_letter_retention_days,
                audit=settings.audit_retention_days,
            ),
        )
        forget_idempotency_keys(self._engine, hours=settings.idempotency_hours)
        forget_what_helpdesks_sent(self._engine, days=settings.delivery_memory_days)
        forget_explanations(self._engine, days=settings.explain_retention_days)
        forget_deliveries(self._engine, days=settings.outbox_retention_days)
        count_past_hours(self._engine, audit_share=settings.audit_share)
