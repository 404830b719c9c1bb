"""`/metrics`: what waits and what workers counted, read from the database at each scrape.

Workers have no port of their own; they write their totals into their row, and any web process
shows those of all.
"""

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from fastapi import APIRouter
from prometheus_client import (
    CONTENT_TYPE_LATEST,
    CollectorRegistry,
    ProcessCollector,
    generate_latest,
)
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector
from sqlalchemy import Connection, Engine
from starlette.responses import Response

from core.errors import PointsmanError
from store.engine import transaction
from store.records import oldest_waiting_s, waiting
from store.retention import dropped
from store.workers import Worker, workers
from web.learning_metrics import Learning, learning_families, read_learning

_NAME = re.compile(r"[a-z][a-z0-9_]*")
_LABELS = ("worker", "host", "device")


@dataclass(frozen=True, slots=True, kw_only=True)
class Snapshot:
    """What the metrics are made of.

    Attributes:
        waiting: tickets that are not settled, by state.
        oldest_waiting_s: age of the longest waiting one.
        workers: seen within a week.
        dropped: rows past their time, by kind.
        learning: what agents, drift checks and trainings say.
    """

    waiting: dict[str, int]
    oldest_waiting_s: float
    workers: list[Worker]
    dropped: dict[str, int]
    learning: Learning


def read_snapshot(engine: Engine, *, audit_share: float) -> Snapshot:
    """Reads it in one transaction.

    Args:
        engine: the database.
        audit_share: of all tickets that is drawn for the audit, in [0, 1].

    Raises:
        Transient: the database is away.
    """

    def read(connection: Connection) -> Snapshot:
        return Snapshot(
            waiting=waiting(connection),
            oldest_waiting_s=oldest_waiting_s(connection),
            workers=workers(connection),
            dropped=dropped(connection),
            learning=read_learning(connection, audit_share),
        )

    return transaction(engine, read)


def metric_families(snapshot: Snapshot) -> Iterable[Metric]:
    """The snapshot as Prometheus' metrics."""
    yield _waiting(snapshot)
    oldest = "Age of the ticket that has waited longest."
    yield GaugeMetricFamily(
        "pointsman_oldest_waiting_seconds", oldest, value=snapshot.oldest_waiting_s
    )
    alive = [worker for worker in snapshot.workers if worker.alive]
    yield _alive(alive)
    yield from _counters(alive)
    yield _dropped(snapshot.dropped)
    yield from learning_families(snapshot.learning)


def metrics_routes(read: Callable[[], Snapshot]) -> APIRouter:
    """The route; `read` is asked at each scrape."""
    routes = APIRouter(tags=["metrics"])
    registry = CollectorRegistry()
    registry.register(_DatabaseCollector(read))
    ProcessCollector(namespace="pointsman_web", registry=registry)

    @routes.get(
        "/metrics",
        response_class=Response,
        responses={200: {"description": "For Prometheus.", "content": {"text/plain": {}}}},
        summary="Figures for monitoring",
    )
    def metrics() -> Response:
        return Response(generate_latest(registry), media_type=CONTENT_TYPE_LATEST)

    return routes


class _DatabaseCollector(Collector):
    """Says whether the database answered, and what it said."""

    def __init__(self, read: Callable[[], Snapshot]) -> None:
        self._read = read

    def describe(self) -> Iterable[Metric]:
        return []  # asked at registration, when there may be no database yet

    def collect(self) -> Iterable[Metric]:
        name, help_text = "pointsman_database_up", "Whether the database answered this scrape."
        try:
            snapshot = self._read()
        except PointsmanError:
            yield GaugeMetricFamily(name, help_text, value=0)
            return
        yield GaugeMetricFamily(name, help_text, value=1)
        yield from metric_families(snapshot)


def _waiting(snapshot: Snapshot) -> Metric:
    family = GaugeMetricFamily(
        "pointsman_tickets_waiting", "Tickets that are not settled, by state.", labels=["state"]
    )
    for state, count in snapshot.waiting.items():
        family.add_metric([state], count)
    return family


def _alive(workers: list[Worker]) -> Metric:
    family = GaugeMetricFamily(
        "pointsman_worker_alive",
        "1 for each living worker, with what it serves.",
        labels=[*_LABELS, "rung", "model_version", "ruleset_version"],
    )
    for worker in workers:
        said = worker.report
        versions = [said.model_version or "", str(said.ruleset_version or "")]
        family.add_metric([*_labels(worker), said.rung, *versions], 1)
    return family


def _counters(workers: list[Worker]) -> Iterable[Metric]:
    names = {name for worker in workers for name in worker.report.counters if _NAME.fullmatch(name)}
    for name in sorted(names):
        family = CounterMetricFamily(
            f"pointsman_{name}", f"A worker's total of {name} since it started.", labels=_LABELS
        )
        for worker in workers:
            family.add_metric(_labels(worker), worker.report.counters.get(name, 0))
        yield family


def _dropped(dropped: dict[str, int]) -> Metric:
    family = CounterMetricFamily(
        "pointsman_retention_dropped", "What retention dropped, by kind.", labels=["what"]
    )
    for what, count in dropped.items():
        family.add_metric([what], count)
    return family


def _labels(worker: Worker) -> list[str]:
    return [str(worker.id), worker.host, worker.device]
