"""The trainer's composition root: settings in, every part made here, one process run.

Messages only wake it. What there is to do stands in `training_runs`, so that nothing is lost or
done twice when a message is, and a trainer finds its work without Redis too.
"""

import threading
from datetime import timedelta
from typing import Any

import structlog
from sqlalchemy import Connection

from broker.app import make_consumer_app
from broker.consumer import consume
from broker.exposure import refuse_exposed
from broker.messages import CHECK_DRIFT, LOOK_AT_LABELS, RETRAIN, TRAIN_QUEUE
from broker.progress import ProgressBoard
from classifier.artifacts import open_artifact
from classifier.key_files import makers_keys
from classifier.precision import resolve_device
from classifier.signing import use_keys
from core.errors import PointsmanError
from core.settings import Settings
from store.engine import make_engine, transaction
from store.models import training_runs
from trainer.drift.limits import Limits
from trainer.drift.live import WatchPlan
from trainer.drift.watcher import Watcher
from trainer.labels.care import CarePlan, LabelCare
from trainer.labels.relabelling import Workshop
from trainer.labels.requests import LabelRequests
from trainer.loop.gate import GateLimits, GateMode
from trainer.loop.material import Doubts
from trainer.loop.runs import ACTOR, Plan, carry_out
from trainer.loop.shares import Shares
from trainer.loop.triggers import Policy, due
from trainer.privacy.sweeper import Sweeper
from trainer.trials import life

_log = structlog.get_logger(__name__)


class Trainer:
    """One process that trains, one run at a time.

    Args:
        settings: with both URLs set.

    Raises:
        Invalid: a URL is missing, or there is no such device.
    """

    def __init__(self, settings: Settings) -> None:
        database_url, self._redis_url = settings.service_urls()
        use_keys(makers_keys(settings))
        refuse_exposed(settings, self._redis_url)
        self._settings = settings
        self._engine = make_engine(
            database_url,
            pool_size=settings.database_pool,
            statement_timeout_s=settings.statement_timeout_s,
        )
        self._plan = make_plan(settings)
        self._policy = make_policy(settings)
        self._course = life.course_of(settings)
        self._board = ProgressBoard(
            self._redis_url,
            timeout_s=settings.publish_timeout_s,
            kept_s=settings.training_lease_s,
        )
        self._stopping = threading.Event()
        self._wake = threading.Event()
        self._label_requests = LabelRequests(
            self._engine,
            Workshop(
                models=settings.state_dir / "models", background=settings.label_background_tickets
            ),
            interval_s=settings.watch_interval_s,
            stopping=self._stopping,
        )
        self._sweeper = Sweeper(
            self._engine,
            settings.state_dir,
            interval_s=settings.retrain_check_interval_s,
            stopping=self._stopping,
        )
        self._watcher = Watcher(
            self._engine,
            make_watch_plan(settings),
            interval_s=settings.drift_check_interval_s,
            stopping=self._stopping,
        )

        self._label_care = LabelCare(
            self._engine,
            make_care_plan(settings),
            interval_s=settings.drift_check_interval_s,
            stopping=self._stopping,
        )

    def run(self) -> None:
        """Works until SIGTERM or Ctrl-C; a training in hand goes on when a trainer is back."""
        thread = threading.Thread(target=self._work, name="training", daemon=True)
        thread.start()
        threading.Thread(target=self._follow_trial, name="trial", daemon=True).start()
        self._watcher.start()
        self._label_care.start()
        self._sweeper.start()
        self._label_requests.start()
        app = make_consumer_app(
            self._redis_url, visibility_timeout_s=self._settings.visibility_timeout_s
        )
        app.task(name=RETRAIN)(self._come)
        app.task(name=CHECK_DRIFT)(self._check_drift)
        app.task(name=LOOK_AT_LABELS)(self._label_care.wake)
        consume(app, (TRAIN_QUEUE,), stopping=self._stopping, log_level=self._settings.log_level)
        self._wake.set()
        thread.join(self._settings.shutdown_grace_s - 1)

    def _come(self) -> None:
        """A message says that a run may wait."""
        _log.info("trainer_woken")
        self._wake.set()

    def _check_drift(self, now: Any = False) -> None:
        """A message wants a look at the stream; with `now` before it is due."""
        self._watcher.wake(now=now is True)

    def _work(self) -> None:
        while not self._stopping.is_set():
            try:
                found = self._do_one()
            except PointsmanError as error:
                _log.warning("train_later", cause=str(error))
                found = False
            if not found:
                self._wake.wait(self._settings.retrain_check_interval_s)
                self._wake.clear()

    def _follow_trial(self) -> None:
        """Looks at the open trial as often as for a retraining, also while one runs."""
        while not self._stopping.is_set():
            try:
                transaction(
                    self._engine,
                    lambda c: life.look(c, self._course, actor=ACTOR, opens=open_artifact),
                )
            except Exception as error:  # looked at again; what serves now serves on
                _log.error("trial_later", cause=str(error))
            self._stopping.wait(self._settings.retrain_check_interval_s)

    def _do_one(self) -> bool:
        """Carries out a run that waits, or that the policy asks for; False when there is none."""
        run = transaction(self._engine, self._ask_and_claim)
        if run is None:
            return False
        _log.info("run_started", run=run.id, trigger=run.trigger, attempt=run.token)
        carry_out(self._engine, run, self._plan, self._stopping, self._board.tell)
        return True

    def _ask_and_claim(self, connection: Connection) -> training_runs.TrainingRun | None:
        since = training_runs.since_last(connection)
        if (trigger := due(self._policy, since)) is not None:
            training_runs.request(
                connection,
                window=trigger.window,
                trigger=trigger.kind,
                reason=trigger.reason,
                requested_by=ACTOR,
            )
        return training_runs.claim(connection, lease_s=self._plan.lease_s)


def make_plan(settings: Settings) -> Plan:
    """How this process carries runs out.

    Raises:
        Invalid: there is no such device.
    """
    return Plan(
        state=settings.state_dir,
        encoder=settings.encoder,
        preset=settings.retrain_preset,
        device=resolve_device(settings.device),
        threads=settings.device_threads,
        seed=0,
        lease_s=settings.training_lease_s,
        doubts=Doubts(
            most=settings.mass_edit_corrections,
            within=timedelta(minutes=settings.mass_edit_window_minutes),
            least_weight=settings.agent_least_weight,
            shares=Shares(
                agent=settings.agent_share, source=settings.source_share, rows=settings.share_rows
            ),
            incident_examples=settings.incident_examples,
        ),
        limits=GateLimits(mode=GateMode.MANUAL if settings.promote == "manual" else GateMode.AUTO),
        embeddings_mib=settings.embedding_cache_mib,
        careful=settings.promote == "careful",
    )


def make_policy(settings: Settings) -> Policy:
    """When this process asks for runs."""
    return Policy(
        corrections=settings.retrain_corrections,
        every=timedelta(hours=settings.retrain_interval_hours),
        override_rate=settings.retrain_override_rate,
        override_tickets=settings.retrain_override_tickets,
        on_drift=settings.retrain_on_drift,
    )


def make_care_plan(settings: Settings) -> CarePlan:
    """How labels are looked at.

    Raises:
        Invalid: there is no such device.
    """
    return CarePlan(
        device=resolve_device(settings.device),
        threads=settings.device_threads,
        every=timedelta(hours=settings.label_report_hours),
        stretch=timedelta(days=settings.label_report_days),
        tickets=settings.label_report_tickets,
        least=settings.label_gap_tickets,
        least_corrections=settings.suggest_support,
    )


def make_watch_plan(settings: Settings) -> WatchPlan:
    """How the stream is watched for drift, by the trainer and by who asks for a check.

    Raises:
        Invalid: there is no such device.
    """
    return WatchPlan(
        state=settings.state_dir,
        device=resolve_device(settings.device),
        threads=settings.device_threads,
        every=timedelta(hours=settings.drift_window_hours),
        tickets=settings.drift_window_tickets,
        limits=Limits(min_tickets=settings.drift_min_tickets),
    )
