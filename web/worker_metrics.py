"""The workers' part of `/metrics`: what the living ones wrote into their rows."""

from collections.abc import Iterable

from prometheus_client.core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    HistogramMetricFamily,
    Metric,
)

from core.measures import MEASURES, SUM, Kind, Measure
from store.queue.workers import Worker

_LABELS = ("worker", "host", "device")


def worker_families(workers: Iterable[Worker]) -> Iterable[Metric]:
    """A family for each of `core.measures`, and one that says who lives and serves what."""
    alive = [worker for worker in workers if worker.alive]
    yield _alive(alive)
    for measure in MEASURES:
        yield (
            _histogram(measure, alive) if measure.kind is Kind.HISTOGRAM else _plain(measure, alive)
        )


def _alive(workers: list[Worker]) -> Metric:
    family = GaugeMetricFamily(
        "pointsman_worker_alive",
        "1 for each living worker, with what it serves.",
        labels=[*_LABELS, "rung", "model_version", "ruleset_version"],
    )
    for worker in workers:
        said = worker.report
        versions = [said.model_version or "", str(said.ruleset_version or "")]
        family.add_metric([*_told_by(worker), said.rung, *versions], 1)
    return family


def _plain(measure: Measure, workers: list[Worker]) -> Metric:
    made = CounterMetricFamily if measure.kind is Kind.COUNTER else GaugeMetricFamily
    labels = [*_LABELS, *measure.labels]
    family = made(f"pointsman_{measure.name}", measure.words, labels=labels)
    for worker in workers:
        for key, total in worker.report.counters.items():
            values = measure.values_of(key)
            if values is not None:
                family.add_metric([*_told_by(worker), *values], total)
    return family


def _histogram(measure: Measure, workers: list[Worker]) -> Metric:
    family = HistogramMetricFamily(f"pointsman_{measure.name}", measure.words, labels=_LABELS)
    for worker in workers:
        totals = dict(worker.report.counters)
        buckets = measure.buckets(totals)
        family.add_metric(_told_by(worker), buckets, totals.get(measure.key(SUM), 0))
    return family


def _told_by(worker: Worker) -> list[str]:
    return [str(worker.id), worker.host, worker.device]
