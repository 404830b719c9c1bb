"""The learning loop's story: one run, from what people said to a model in service or a reason."""

import threading
from dataclasses import dataclass
from pathlib import Path

import structlog
from sqlalchemy import Connection, Engine

from classifier.artifacts import Artifact, open_artifact
from core.errors import ArtifactInvalid, PointsmanError, Transient
from router import serving
from router.parse import parse_ruleset
from store.access import audit
from store.engine import transaction
from store.models import model_versions, snapshots, training_runs
from store.models.training_runs import TrainingRun
from store.rules import rulesets
from trainer.job.progress import Progress
from trainer.job.request import EMBEDDINGS, TrainRequest
from trainer.loop.gate import GateDecision, GateLimits, GateOutcome
from trainer.loop.heartbeat import Heartbeat, Interrupted, Tell, tell_nobody
from trainer.loop.judging import Court, as_object, try_candidate
from trainer.loop.material import Doubts, gather
from trainer.loop.snapshot import Draft, Side, read_names, rows_file, write
from trainer.loop.tombstones import erase_from
from trainer.run import train

_log = structlog.get_logger(__name__)
ACTOR = "trainer"
MAX_ATTEMPTS = 5
UNCHANGED = "unchanged"
ON_TRIAL = "on trial"


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """How runs are carried out.

    Attributes:
        state: folder that gets `snapshots` and `models`.
        encoder: as `TrainRequest` takes it.
        preset: of the training.
        device: for training and judging.
        threads: torch threads; 0 leaves torch's own choice.
        seed: of everything random.
        lease_s: how long a claim holds without heartbeat.
        doubts: when corrections wait for a person.
        limits: of the gate.
        embeddings_mib: that features of texts may take in `state` after a training; 0 for none.
        careful: a model that passes the gate is tried on live tickets before it serves.
    """

    state: Path
    encoder: str
    preset: str
    device: str
    threads: int
    seed: int
    lease_s: float
    doubts: Doubts
    limits: GateLimits
    embeddings_mib: int = 0
    careful: bool = False


def carry_out(
    engine: Engine,
    run: TrainingRun,
    plan: Plan,
    stopping: threading.Event,
    tell: Tell = tell_nobody,
) -> None:
    """Trains, judges and promotes; every way it can end is recorded with the run.

    A run that is interrupted goes on where it was, here or with another trainer.

    Args:
        engine: the database.
        run: claimed.
        plan: how.
        stopping: set when this process should end.
        tell: is given where the run is, for who watches it live.
    """
    try:
        with Heartbeat(
            engine, run, lease_s=plan.lease_s, stopping=stopping, tell=tell
        ) as heartbeat:
            _carry_out(engine, run, plan, heartbeat)
    except Interrupted:
        transaction(engine, lambda c: training_runs.give_back(c, run))
        _log.info("run_interrupted", run=run.id)
    except Transient:
        transaction(engine, lambda c: training_runs.give_back(c, run))
        raise
    except PointsmanError as error:
        _fail(engine, run, str(error))
    except Exception as error:  # the run's outcome, recorded with it; the active model stays
        _log.exception("run_failed", run=run.id)
        _fail(engine, run, f"{type(error).__name__} in the trainer; its log has the details")


def _carry_out(engine: Engine, run: TrainingRun, plan: Plan, progress: Progress) -> None:
    if run.token > MAX_ATTEMPTS:
        return _fail(engine, run, f"ended or lost its trainer {MAX_ATTEMPTS} times")
    progress.stage("snapshot")
    snapshot = _snapshot(engine, run, plan)
    artifact = _train(engine, snapshot, plan, progress)
    champion = _champion(engine, progress)
    if champion is not None and champion.version == artifact.version:
        return _end_unchanged(engine, run)
    progress.stage("gate")
    court = Court(snapshot=snapshot, device=plan.device, threads=plan.threads, limits=plan.limits)
    outcome = try_candidate(artifact, champion, court)
    against = None if champion is None else champion.version
    ended = transaction(
        engine,
        lambda c: _end(c, run, artifact, outcome, against=against, careful=plan.careful),
    )
    _log.info("run_ended", run=run.id, outcome=ended, why=outcome.reason)


def _snapshot(engine: Engine, run: TrainingRun, plan: Plan) -> Path:
    made, place = _written(engine, plan)
    if erase_from(engine, place):  # erased while it was gathered, and swept before it was there
        made, place = _written(engine, plan)

    def note(connection: Connection) -> None:
        snapshots.register(connection, snapshot_id=made.id, path=place, summary=made.summary())
        training_runs.note_snapshot(connection, run, made.id)

    transaction(engine, note)
    return place


def _written(engine: Engine, plan: Plan) -> tuple[Draft, Path]:
    made = gather(engine, plan.doubts, plan.seed)
    return made, write(made, plan.state / "snapshots")


def _train(engine: Engine, snapshot: Path, plan: Plan, progress: Progress) -> Artifact:
    folder = plan.state / "models"
    folder.mkdir(parents=True, exist_ok=True)
    rules = transaction(engine, rulesets.active)
    request = TrainRequest(
        data=rows_file(snapshot, Side.TRAIN),
        holdout=rows_file(snapshot, Side.HOLDOUT),
        out=folder / f"{snapshot.name[:16]}-{plan.preset}-{plan.seed}",
        encoder=plan.encoder,
        preset=plan.preset,
        seed=plan.seed,
        device=plan.device,
        threads=plan.threads,
        descriptions=read_names(snapshot).descriptions,
        rules=parse_ruleset(rules.document) if rules else None,
        embeddings=plan.state / EMBEDDINGS if plan.embeddings_mib else None,
        embeddings_mib=plan.embeddings_mib,
    )
    return train(request, progress).artifact


def _champion(engine: Engine, progress: Progress) -> Artifact | None:
    """The active model; None when there is none, or its files are gone or damaged."""
    active = transaction(engine, model_versions.active)
    try:
        return None if active is None else open_artifact(active.path)
    except ArtifactInvalid as error:
        progress.note(f"the active model cannot be compared with: {error}")
        return None


def _end(
    connection: Connection,
    run: TrainingRun,
    artifact: Artifact,
    outcome: GateOutcome,
    *,
    against: str | None,
    careful: bool,
) -> str:
    """Registers, ends and promotes in one transaction, or, when the run is not ours, nothing.

    Returns:
        What became of the candidate: as the gate said, or `ON_TRIAL`.
    """
    model_versions.register(
        connection,
        version=artifact.version,
        path=artifact.path,
        labels=artifact.labels,
        metrics=artifact.read_json("metrics.json"),
    )
    passed = outcome.decision is GateDecision.PROMOTED
    tried = passed and careful and model_versions.active(connection) is not None
    ended = ON_TRIAL if tried else outcome.decision.value
    gate = as_object(outcome, against)
    ours = training_runs.succeed(
        connection, run, candidate=artifact.version, outcome=ended, gate=gate
    )
    if not ours:
        raise Interrupted
    audit.record(
        connection,
        actor=ACTOR,
        action=f"model.{outcome.decision.name.lower()}" if not tried else "model.tried",
        subject=f"model {artifact.version}",
        detail={"run": run.id, "reason": outcome.reason},
    )
    if tried:
        serving.shadow(connection, artifact.version, actor=ACTOR)
    elif passed:
        serving.serve(connection, artifact.version, actor=ACTOR)
    return ended


def _end_unchanged(engine: Engine, run: TrainingRun) -> None:
    why = {"reason": "the data are those that the active model learned from"}
    transaction(
        engine,
        lambda c: training_runs.succeed(c, run, candidate=None, outcome=UNCHANGED, gate=why),
    )


def _fail(engine: Engine, run: TrainingRun, error: str) -> None:
    transaction(engine, lambda c: training_runs.fail(c, run, error))
    _log.error("run_failed", run=run.id, cause=error)
