"""What `doctor` looks at: each finding with what was found and, if it is not well, the fix."""

import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from pathlib import Path

from sqlalchemy import Connection, Engine

import broker.health
import store.health
from broker.health import RedisHealth
from cli.doctor import exposure, upkeep
from cli.doctor.finding import Finding
from cli.running.services import engine_for, services
from core.errors import Invalid, PointsmanError
from core.settings import Settings, load_settings
from migrations.upgrade import current_and_head
from store.decided.records import oldest_waiting_s, waiting
from store.engine import transaction
from store.health import DatabaseHealth
from store.models import model_versions
from store.queue.workers import workers
from store.upkeep import upkeep as read_upkeep

LEAST_REDIS = (6, 2)
MOST_SKEW_S = 2.0
LEAST_FREE_BYTES = 2 * 1024**3
_TIMEOUT_S = 2.0
_MODEL_BACK = "put the folder back from a backup, or `pointsman models activate` another version"


def examine() -> Iterator[Finding]:
    """Everything, in the order in which one thing needs another; never raises our errors."""
    try:
        settings = load_settings()
    except Invalid as error:
        yield Finding(name="settings", ok=False, detail=str(error), fix="see .env.example")
        return
    yield Finding(name="settings", ok=True, detail=f"state in {settings.state_dir}")
    yield disk(settings.state_dir)
    yield torch_and_device(settings)
    yield encoder(settings)
    yield exposure.keys(settings)
    yield exposure.env_file(settings)
    yield exposure.weak_settings(settings)
    yield exposure.encryption(settings)
    yield from _services(settings)


def disk(folder: Path) -> Finding:
    """Room for databases, models and logs."""
    there = next(path for path in (folder, *folder.resolve().parents) if path.exists())
    free = shutil.disk_usage(there).free
    return Finding(
        name="disk",
        ok=free >= LEAST_FREE_BYTES,
        detail=f"{free / 1024**3:.1f} GiB free",
        fix="" if free >= LEAST_FREE_BYTES else "free some, or move POINTSMAN_STATE_DIR",
    )


def torch_and_device(settings: Settings) -> Finding:
    """Whether the configured device is there, and what it computes with."""
    try:
        import torch

        from classifier.precision import multiplies_bf16, resolve_device
    except ImportError as error:
        fix = "install the extra `ml`"
        return Finding(name="torch", ok=False, detail=f"{error.name} is missing", fix=fix)
    gpus = torch.cuda.device_count()
    try:
        device = resolve_device("cuda:0" if settings.device == "all" else settings.device)
    except Invalid as error:
        return Finding(name="torch", ok=False, detail=error.problem, fix=error.fix)
    threads = settings.device_threads or os.cpu_count()
    precision = "bf16" if multiplies_bf16(device) else "fp32"
    detail = f"torch {torch.__version__}, {device}, {precision}, {threads} threads, {gpus} GPUs"
    return Finding(name="torch", ok=True, detail=detail)


def encoder(settings: Settings) -> Finding:
    """Whether the encoder to train with is here; a hub id is fetched by the first training."""
    from classifier.encoders import BUNDLED, resolve_encoder

    if settings.encoder != BUNDLED and not Path(settings.encoder).expanduser().is_dir():
        detail = f"{settings.encoder}, from the hub when it is first trained with"
        return Finding(name="encoder", ok=True, detail=detail)
    try:
        folder = resolve_encoder(settings.encoder)
    except PointsmanError as error:
        return Finding(name="encoder", ok=False, detail=str(error), fix="set POINTSMAN_ENCODER")
    return Finding(name="encoder", ok=True, detail=str(folder))


def postgres(found: DatabaseHealth) -> Finding:
    """That PostgreSQL answers."""
    detail = f"PostgreSQL {found.version}, {found.latency_s * 1000:.1f} ms"
    return Finding(name="postgres", ok=True, detail=detail)


def clock(found: DatabaseHealth) -> Finding:
    """How far the database's clock is from ours; only logs and hours in rules would notice."""
    ok = abs(found.clock_skew_s) <= MOST_SKEW_S
    fix = "" if ok else "synchronise the clocks of both machines (NTP)"
    return Finding(name="clock", ok=ok, detail=f"{found.clock_skew_s:+.3f} s", fix=fix)


def redis(found: RedisHealth) -> Finding:
    """That Redis answers, is new enough, and would keep what it is given."""
    detail = (
        f"Redis {found.version}, {found.latency_s * 1000:.1f} ms, "
        f"{found.eviction or 'eviction unknown'}, "
        f"appendonly {'unknown' if found.appendonly is None else found.appendonly}"
    )
    fixes = []
    if _number(found.version) < LEAST_REDIS:
        fixes.append("use Redis 6.2 or newer")
    if found.eviction not in (None, "noeviction"):
        fixes.append("set maxmemory-policy noeviction")
    if found.appendonly is False:
        fixes.append("set appendonly yes")
    return Finding(name="redis", ok=not fixes, detail=detail, fix=", ".join(fixes))


def _services(settings: Settings) -> Iterator[Finding]:
    with ExitStack() as stack:
        try:
            found = stack.enter_context(services(settings))
        except PointsmanError as error:
            fix = "stop the other process, or see the logs in the state folder"
            yield Finding(name="services", ok=False, detail=str(error), fix=fix)
            return
        engine = stack.enter_context(engine_for(settings, found.database_url))
        yield _asked(
            "redis",
            lambda: redis(broker.health.probe(found.redis_url, timeout_s=_TIMEOUT_S)),
            fix="start it, or correct POINTSMAN_REDIS_URL; tickets are routed meanwhile",
        )
        yield _asked(
            "access",
            lambda: exposure.redis_door(settings, found.redis_url),
            fix="start Redis, and look again",
        )
        yield from _database(engine, settings)


def _database(engine: Engine, settings: Settings) -> Iterator[Finding]:
    try:
        health = store.health.probe(engine)
    except PointsmanError as error:
        fix = "start it, or correct POINTSMAN_DATABASE_URL"
        yield Finding(name="postgres", ok=False, detail=str(error), fix=fix)
        return
    yield postgres(health)
    yield clock(health)
    try:
        schema = _schema(engine)
        yield schema
        if schema.ok:
            yield _asked("model", lambda: _model(engine), fix=_MODEL_BACK)
            yield from _computing(engine, settings)
            yield from transaction(engine, lambda c: _running(c, health))
    except PointsmanError as error:
        fix = "see the log of PostgreSQL, and look again"
        yield Finding(name="database", ok=False, detail=str(error), fix=fix)


def _running(connection: Connection, health: DatabaseHealth) -> list[Finding]:
    now = datetime.now(UTC) + timedelta(seconds=health.clock_skew_s)
    found, states = read_upkeep(connection, now=now), waiting(connection)
    seen, has_model = workers(connection), found.model_version is not None
    return [
        upkeep.staff(seen, now=now, has_model=has_model),
        upkeep.queue(oldest_waiting_s(connection), states["accepted"]),
        upkeep.partitions(found),
        upkeep.connections(found),
    ]


def _schema(engine: Engine) -> Finding:
    current, head = current_and_head(engine)
    ok = current == head
    detail = f"at {current}" if ok else f"at {current}, this code wants {head}"
    return Finding(name="schema", ok=ok, detail=detail, fix="" if ok else "run `pointsman migrate`")


def _model(engine: Engine) -> Finding:
    from classifier.artifacts import open_artifact

    active = transaction(engine, model_versions.active)
    if active is None:
        fix = "run `pointsman retrain` once tickets with labels are there, or `pointsman demo`"
        return Finding(name="model", ok=False, detail="none is active", fix=fix)
    artifact = open_artifact(active.path)
    artifact.verify(*artifact.manifest.files)
    ok = artifact.version == active.version
    detail = f"{active.version}, {len(artifact.labels)} labels, {active.path}"
    fix = "" if ok else _MODEL_BACK
    return Finding(name="model", ok=ok, detail=detail, fix=fix)


def _computing(engine: Engine, settings: Settings) -> list[Finding]:
    try:
        from cli.doctor.backend import active_model
    except ImportError:
        return [Finding(name="backend", ok=True, detail="none: no worker can run here")]
    try:
        return active_model(engine, settings)
    except PointsmanError as error:
        return [Finding(name="backend", ok=False, detail=str(error), fix=_MODEL_BACK)]


def _asked(name: str, look: Callable[[], Finding], *, fix: str) -> Finding:
    """The finding, or our error as one: a server that is away, an artifact that is damaged."""
    try:
        return look()
    except PointsmanError as error:
        return Finding(name=name, ok=False, detail=str(error), fix=fix)


def _number(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in version.split(".")[:2] if part.isdigit())
