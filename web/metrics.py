"""`/metrics`: what waits and what workers counted, read from the database at each scrape.

Workers have no port of their own; they write their totals into their row, and any web process
shows those of all.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime

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
from starlette.requests import Request
from starlette.responses import Response

from core.errors import PointsmanError
from store.decided.records import oldest_waiting_s, waiting
from store.delivery.delivery_figures import Faring, farings
from store.engine import transaction
from store.queue.workers import Worker, workers
from store.retention import dropped
from store.upkeep import Upkeep, upkeep
from web.delivery_metrics import delivery_families
from web.health import Check
from web.learning_metrics import Learning, learning_families, read_learning
from web.problems import documented
from web.upkeep_metrics import upkeep_families
from web.worker_metrics import worker_families


@dataclass(frozen=True, slots=True, kw_only=True)
class Snapshot:
    """What the metrics are made of.

    Attributes:
        waiting: tickets that are not settled, by state.
        oldest_waiting_s: age of the longest waiting one.
        workers: seen within a week.
        upkeep: of the database itself.
        farings: of every place that events go to.
        dropped: rows past their time, by kind.
        learning: what agents, drift checks and trainings say.
    """

    waiting: dict[str, int]
    oldest_waiting_s: float
    workers: list[Worker]
    upkeep: Upkeep
    farings: list[Faring]
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
            upkeep=upkeep(connection, now=datetime.now(UTC)),
            farings=farings(connection),
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
    yield from worker_families(snapshot.workers)
    yield from upkeep_families(snapshot.upkeep)
    yield from delivery_families(snapshot.farings)
    yield _dropped(snapshot.dropped)
    yield from learning_families(snapshot.learning)


def metrics_routes(
    read: Callable[[], Snapshot], redis: Check, admit: Callable[[Request], None]
) -> APIRouter:
    """The route; `read` and whether Redis answers are asked at each scrape that `admit` passes."""
    routes = APIRouter(tags=["metrics"])
    registry = CollectorRegistry()
    registry.register(_ServiceCollector(read, redis))
    ProcessCollector(namespace="pointsman_web", registry=registry)

    @routes.get(
        "/metrics",
        response_class=Response,
        responses={
            200: {"description": "For Prometheus.", "content": {"text/plain": {}}},
            **documented("too-many-requests"),
        },
        summary="Figures for monitoring",
    )
    def metrics(request: Request) -> Response:
        admit(request)
        return Response(generate_latest(registry), media_type=CONTENT_TYPE_LATEST)

    return routes


class _ServiceCollector(Collector):
    """Says whether Redis and the database answered, and what the database said."""

    def __init__(self, read: Callable[[], Snapshot], redis: Check) -> None:
        self._read = read
        self._redis = redis

    def describe(self) -> Iterable[Metric]:
        return []  # asked at registration, when there may be no database yet

    def collect(self) -> Iterable[Metric]:
        yield _up("redis", "Whether Redis answered this scrape.", self._redis().ok)
        name, help_text = "database", "Whether the database answered this scrape."
        try:
            snapshot = self._read()
        except PointsmanError:
            yield _up(name, help_text, False)
            return
        yield _up(name, help_text, True)
        yield from metric_families(snapshot)


def _up(name: str, words: str, is_up: bool) -> Metric:
    return GaugeMetricFamily(f"pointsman_{name}_up", words, value=is_up)


def _waiting(snapshot: Snapshot) -> Metric:
    family = GaugeMetricFamily(
        "pointsman_tickets_waiting", "Tickets that are not settled, by state.", labels=["state"]
    )
    for state, count in snapshot.waiting.items():
        family.add_metric([state], count)
    return family


def _dropped(dropped: dict[str, int]) -> Metric:
    family = CounterMetricFamily(
        "pointsman_retention_dropped", "What retention dropped, by kind.", labels=["what"]
    )
    for what, count in dropped.items():
        family.add_metric([what], count)
    return family
