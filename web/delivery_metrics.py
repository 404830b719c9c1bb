"""The deliveries' part of `/metrics`: each place that events go to, by its id."""

from collections.abc import Iterable

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric

from store.delivery.delivery_figures import Faring

_LABELS = ("endpoint", "kind")


def delivery_families(farings: Iterable[Faring]) -> Iterable[Metric]:
    """As Prometheus' metrics; an endpoint's address is not told, since it may hold a secret."""
    active = GaugeMetricFamily(
        "pointsman_endpoint_active",
        "1 for an endpoint that is sent to, 0 for one that is paused or disabled.",
        labels=_LABELS,
    )
    waiting = GaugeMetricFamily(
        "pointsman_deliveries_waiting", "Deliveries that are not over.", labels=_LABELS
    )
    oldest = GaugeMetricFamily(
        "pointsman_deliveries_oldest_seconds",
        "Age of the oldest delivery that is not over.",
        labels=_LABELS,
    )
    dead = GaugeMetricFamily(
        "pointsman_deliveries_dead", "Deliveries that were given up.", labels=_LABELS
    )
    attempts = CounterMetricFamily(
        "pointsman_delivery_attempts",
        "Attempts to deliver, by whether they went well.",
        labels=[*_LABELS, "outcome"],
    )
    for one in farings:
        told_by = [str(one.id), one.kind]
        active.add_metric(told_by, one.state == "active")
        waiting.add_metric(told_by, one.waiting)
        oldest.add_metric(told_by, one.oldest_s)
        dead.add_metric(told_by, one.dead)
        attempts.add_metric([*told_by, "delivered"], one.delivered)
        attempts.add_metric([*told_by, "failed"], one.failed)
    return (active, waiting, oldest, dead, attempts)
