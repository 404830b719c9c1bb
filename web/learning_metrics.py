"""The learning loop's part of `/metrics`: what agents, drift checks and trainings say.

Read at each scrape, so nothing here grows with history: what agents said of tickets of seven days
(`ix_corrections_ticket`), trainings of thirty (`ix_training_runs_created`), one drift report, and
the open items of the review queue.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from prometheus_client.core import GaugeMetricFamily, Metric
from sqlalchemy import Connection

from store.feedback.review import Waiting, waiting_by_reason
from store.figures import drift_reports
from store.figures.audit_sample import Judged, judged_by_version
from store.figures.drift_reports import DriftReport
from store.models import model_versions, training_runs

_JUDGED_DAYS, _RUN_DAYS = 7, 30


@dataclass(frozen=True, slots=True, kw_only=True)
class Learning:
    """What the metrics are made of.

    Attributes:
        judged: what agents said of decisions, by model version.
        drift: the newest report about the active version, if any.
        runs: trainings that are over, by trigger and outcome.
        review: what waits for a person.
    """

    judged: Mapping[str, Judged]
    drift: DriftReport | None
    runs: Mapping[tuple[str, str], int]
    review: Waiting


def read_learning(connection: Connection, audit_share: float) -> Learning:
    """Reads it; the share is that of the audit, in [0, 1]."""
    now, active = datetime.now(UTC), model_versions.active(connection)
    return Learning(
        judged=judged_by_version(connection, now - timedelta(days=_JUDGED_DAYS), audit_share),
        drift=None if active is None else drift_reports.newest(connection, active.version),
        runs=training_runs.count_ended(connection, now - timedelta(days=_RUN_DAYS)),
        review=waiting_by_reason(connection),
    )


def learning_families(learning: Learning) -> Iterable[Metric]:
    """As Prometheus' metrics; a rate of nothing is left out."""
    yield from _judged(learning.judged)
    if learning.drift is not None:
        yield from _drift(learning.drift)
    runs = GaugeMetricFamily(
        "pointsman_training_runs",
        f"Trainings asked for within {_RUN_DAYS} days that are over, by trigger and outcome.",
        labels=["trigger", "outcome"],
    )
    for names, count in learning.runs.items():
        runs.add_metric(names, count)
    yield runs
    yield from _review(learning.review)


def _judged(by_version: Mapping[str, Judged]) -> Iterable[Metric]:
    within = f"of tickets of {_JUDGED_DAYS} days"
    tickets = GaugeMetricFamily(
        "pointsman_judged_tickets",
        f"Decisions {within} that agents said something about, by what became of them.",
        labels=["model_version", "outcome"],
    )
    overridden = _by_version(
        "pointsman_override_rate", f"Share of the judged decisions {within} that agents replaced."
    )
    audited = _by_version(
        "pointsman_audited_tickets", f"Drawn tickets {within} that agents looked at."
    )
    accuracy = _by_version(
        "pointsman_audit_accuracy", f"Share of right decisions {within}, by the random audit."
    )
    for version, said in by_version.items():
        for outcome in ("accepted", "replaced", "skipped"):
            tickets.add_metric([version, outcome], getattr(said, outcome))
        audited.add_metric([version], said.audited)
        if judged := said.accepted + said.replaced:
            overridden.add_metric([version], said.replaced / judged)
        if said.audited:
            accuracy.add_metric([version], said.audited_right / said.audited)
    return (tickets, overridden, audited, accuracy)


def _review(waiting: Waiting) -> Iterable[Metric]:
    items = GaugeMetricFamily(
        "pointsman_review_items",
        "Open items of the review queue by reason; one with several reasons counts for each.",
        labels=["reason"],
    )
    for reason, count in waiting.by_reason.items():
        items.add_metric([reason], count)
    oldest = "Age of the item of the review queue that has waited longest."
    age = GaugeMetricFamily("pointsman_review_oldest_seconds", oldest, value=waiting.oldest_s)
    return (items, age)


def _drift(report: DriftReport) -> Iterable[Metric]:
    version = report.model_version
    alerts = _by_version("pointsman_drift_alerts", "Alerts of the newest drift report.")
    alerts.add_metric([version], report.alerts)
    checked = _by_version(
        "pointsman_drift_checked_timestamp_seconds", "When the newest drift report was made."
    )
    checked.add_metric([version], report.created_at.timestamp())
    values = GaugeMetricFamily(
        "pointsman_drift_value",
        "The gravest value of each signal in the newest drift report, over all labels.",
        labels=["model_version", "signal"],
    )
    limits = GaugeMetricFamily(
        "pointsman_drift_limit",
        "The value from which the signal alerts, unless chance explains it.",
        labels=["model_version", "signal"],
    )
    for signal, finding in _gravest(report.findings).items():
        values.add_metric([version, signal], finding["value"])
        limits.add_metric([version, signal], finding["limit"])
    return (alerts, checked, values, limits)


def _gravest(findings: Iterable[Mapping[str, Any]]) -> dict[str, Mapping[str, Any]]:
    """The finding with the largest value of each signal; larger is graver for all of them."""
    by_value = sorted(findings, key=lambda finding: finding["value"])
    return {finding["signal"]: finding for finding in by_value}


def _by_version(name: str, help_text: str) -> GaugeMetricFamily:
    return GaugeMetricFamily(name, help_text, labels=["model_version"])
