"""docs/reference/metrics.md: every metric, from the families that `/metrics` shows."""

from collections.abc import Iterable
from datetime import UTC, datetime

from prometheus_client.core import Metric

from cli.reference.tables import code, table
from store.feedback.review import Waiting
from store.figures.audit_sample import Judged
from store.figures.drift_reports import DriftReport
from store.upkeep import Upkeep
from web.learning_metrics import Learning
from web.metrics import Snapshot, metric_families

_HEAD = """\
# Metrics

`GET /metrics` of any web process shows all of them, for Prometheus. Workers have no port: they
write their totals into their row each second, and what is shown is of those that live. So scrape
one address (that of a balancer will do), not each web process: sums would count twice. Every metric
of workers is told apart by `worker`, `host` and `device`; a worker that starts again counts from
nought under a new id. Nothing here names a ticket or quotes one.

"""
_ASKED = (
    ("tickets decided a second", "sum(rate(pointsman_tickets_decided_total[5m]))"),
    ("share of time that a device is busy", "rate(pointsman_device_seconds_total[5m])"),
    (
        "share of padding",
        "1 - rate(pointsman_tokens_total[5m]) / rate(pointsman_padded_tokens_total[5m])",
    ),
    (
        "tickets in a batch",
        "rate(pointsman_tickets_claimed_total[5m]) / rate(pointsman_batches_total[5m])",
    ),
    (
        "messages of Redis for a ticket; each costs it three round trips",
        "sum(rate(pointsman_messages_total[5m])) "
        "/ sum(rate(pointsman_tickets_announced_total[5m]))",
    ),
    (
        "99 of 100 tickets are decided within so many seconds",
        "histogram_quantile(0.99, "
        "sum by (le) (rate(pointsman_ticket_decision_seconds_bucket[5m])))",
    ),
    (
        "share decided without the network",
        'sum(rate(pointsman_decisions_total{rung!~"model.*"}[5m])) '
        "/ sum(rate(pointsman_decisions_total[5m]))",
    ),
)
_ENDINGS = {"counter": "_total", "histogram": "_bucket"}


def metrics_page() -> str:
    """The page."""
    rows = [_row(family) for family in sorted(_families(), key=lambda family: family.name)]
    asked = table(("question", "PromQL"), [(words, code(query)) for words, query in _ASKED])
    known = table(("metric", "kind", "labels", "what it tells"), rows)
    return f"{_HEAD}{asked}\n{known}"


def metric_names() -> set[str]:
    """Every name that a query can ask for."""
    endings = {"counter": ("_total",), "histogram": ("_bucket", "_sum", "_count"), "gauge": ("",)}
    return {family.name + ending for family in _families() for ending in endings[family.type]}


def _row(family: Metric) -> tuple[str, str, str, str]:
    labels = ", ".join(code(name) for name in getattr(family, "_labelnames", ()))
    name = family.name + _ENDINGS.get(family.type, "")
    return code(name), family.type, labels, family.documentation


def _families() -> Iterable[Metric]:
    """Every family there can be: of a snapshot that has one of everything."""
    for name, words in (("database", "the database"), ("redis", "Redis")):
        yield Metric(f"pointsman_{name}_up", f"Whether {words} answered this scrape.", "gauge")
    yield from metric_families(
        Snapshot(
            waiting={},
            oldest_waiting_s=0.0,
            workers=[],
            upkeep=Upkeep(
                months_ready=0,
                connections=0,
                most_connections=0,
                trainings={},
                dead_letters=0,
                open_incidents=0,
                model_version=None,
                active_since=None,
            ),
            farings=[],
            dropped={},
            learning=Learning(
                judged={"m": Judged(accepted=0, replaced=0, skipped=0, audited=0, audited_right=0)},
                drift=_report(datetime(2026, 1, 1, tzinfo=UTC)),
                runs={},
                review=Waiting(items=0, by_reason={}, oldest_s=0.0),
            ),
        )
    )


def _report(moment: datetime) -> DriftReport:
    """A drift report that found nothing."""
    return DriftReport(
        id=1,
        model_version="m",
        since=moment,
        until=moment,
        tickets=0,
        alerts=0,
        findings=(),
        created_at=moment,
    )
