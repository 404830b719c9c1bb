"""The database's part of `/metrics`: partitions, connections, open trainings, the active model."""

from collections.abc import Iterable

from prometheus_client.core import GaugeMetricFamily, Metric

from store.upkeep import Upkeep


def upkeep_families(found: Upkeep) -> Iterable[Metric]:
    """What was found, as Prometheus' metrics."""
    yield GaugeMetricFamily(
        "pointsman_partition_months_ready",
        "Whole months after this one that every partitioned table is ready for.",
        value=found.months_ready,
    )
    connections = GaugeMetricFamily(
        "pointsman_database_connections",
        "Connections of all clients of the database server: open, and allowed.",
        labels=["what"],
    )
    connections.add_metric(["open"], found.connections)
    connections.add_metric(["allowed"], found.most_connections)
    yield connections
    trainings = GaugeMetricFamily(
        "pointsman_training_open_seconds",
        "Since when the oldest training waits (queued) or goes on (running).",
        labels=["state"],
    )
    for state, age_s in found.trainings.items():
        trainings.add_metric([state], age_s)
    yield trainings
    yield GaugeMetricFamily(
        "pointsman_dead_letters",
        "Refused submissions that are kept for `tickets replay --dead`, counted up to 10,000.",
        value=found.dead_letters,
    )
    yield GaugeMetricFamily(
        "pointsman_open_incidents",
        "Storms of tickets that say nearly the same and are not over.",
        value=found.open_incidents,
    )
    yield _active(found)


def _active(found: Upkeep) -> Metric:
    since = GaugeMetricFamily(
        "pointsman_model_active_since_timestamp_seconds",
        "When the model version that serves was activated.",
        labels=["model_version"],
    )
    if found.model_version is not None and found.active_since is not None:
        since.add_metric([found.model_version], found.active_since.timestamp())
    return since
