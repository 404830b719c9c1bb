"""When a retraining is due, and why: pure policy over counts and times."""

from dataclasses import dataclass
from datetime import datetime, timedelta


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """What starts a retraining; 0 switches a trigger off.

    Attributes:
        corrections: this many new ones.
        every: this long after the last, if there was any correction since.
        override_rate: agents overrule this share of judged decisions of the active model.
        override_tickets: fewest judged decisions for that.
        on_drift: an alert, if there was any correction since the last run.
    """

    corrections: int
    every: timedelta
    override_rate: float
    override_tickets: int
    on_drift: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Signals:
    """What is known at a moment.

    Attributes:
        now: the moment.
        last_run: number of the last run, however it ended; 0 for none.
        since: when it was asked for; the active model's beginning if there was none.
        new_corrections: about labels, given since then.
        judged: decisions of the active model that agents said something about since then.
        overruled: of those, with a wrong label or route.
        drift_report: the newest with alerts about the active model since then; None for none.
        drift_alerts: how many it has.
    """

    now: datetime
    last_run: int
    since: datetime
    new_corrections: int
    judged: int
    overruled: int
    drift_report: int | None
    drift_alerts: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Trigger:
    """Why a run is asked for. Equal windows ask for one run, however often they are seen."""

    kind: str
    reason: str
    window: str


def due(policy: Policy, signals: Signals) -> Trigger | None:
    """The first trigger that holds; None while nothing new could be learned.

    That goes for drift too: the same tickets would give the same model, so an alert waits for the
    first correction. A run that failed is not repeated by the same corrections or the same alert:
    they counted towards it.
    """
    if not signals.new_corrections:
        return None
    triggers = (_corrections, _overrides, _drift, _time)
    return next((found for of in triggers if (found := of(policy, signals))), None)


def _corrections(policy: Policy, signals: Signals) -> Trigger | None:
    if not policy.corrections or signals.new_corrections < policy.corrections:
        return None
    reason = f"{signals.new_corrections} new corrections, {policy.corrections} are enough"
    return _trigger("corrections", reason, signals)


def _overrides(policy: Policy, signals: Signals) -> Trigger | None:
    if not policy.override_rate or signals.judged < policy.override_tickets:
        return None
    rate = signals.overruled / signals.judged
    if rate < policy.override_rate:
        return None
    reason = (
        f"agents overruled {rate:.0%} of {signals.judged} judged decisions, "
        f"{policy.override_rate:.0%} is the limit"
    )
    return _trigger("override rate", reason, signals)


def _drift(policy: Policy, signals: Signals) -> Trigger | None:
    if not policy.on_drift or signals.drift_report is None:
        return None
    reason = (
        f"drift report {signals.drift_report} has {signals.drift_alerts} alerts, "
        f"and {signals.new_corrections} new corrections"
    )
    return _trigger("drift", reason, signals)


def _time(policy: Policy, signals: Signals) -> Trigger | None:
    if not policy.every or signals.now - signals.since < policy.every:
        return None
    hours = policy.every.total_seconds() / 3600
    reason = f"{hours:g} hours since the last, and {signals.new_corrections} new corrections"
    return _trigger("time", reason, signals)


def _trigger(kind: str, reason: str, signals: Signals) -> Trigger:
    return Trigger(kind=kind, reason=reason, window=f"after run {signals.last_run}")
