"""When a retraining is due, and why: pure policy over counts and times."""

from dataclasses import dataclass
from datetime import timedelta

from store.models.training_runs import Since


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """What starts a retraining; 0 switches a trigger off.

    Attributes:
        corrections: this many new ones.
        every: this long after the last, if there was any correction since, or an erasure.
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
class Trigger:
    """Why a run is asked for. Equal windows ask for one run, however often they are seen."""

    kind: str
    reason: str
    window: str


def due(policy: Policy, seen: Since) -> Trigger | None:
    """The first trigger that holds; None while nothing new could be learned.

    That goes for drift too: the same tickets would give the same model, so an alert waits for the
    first correction. A run that failed is not repeated by the same corrections or the same alert:
    they counted towards it. What was erased from a data set is a reason too, in time.
    """
    of_corrections = (_corrections, _overrides, _drift) if seen.new_corrections else ()
    triggers = (*of_corrections, _time)
    return next((found for of in triggers if (found := of(policy, seen))), None)


def _corrections(policy: Policy, seen: Since) -> Trigger | None:
    if not policy.corrections or seen.new_corrections < policy.corrections:
        return None
    reason = f"{seen.new_corrections} new corrections, {policy.corrections} are enough"
    return _trigger("corrections", reason, seen)


def _overrides(policy: Policy, seen: Since) -> Trigger | None:
    if not policy.override_rate or seen.judged < policy.override_tickets:
        return None
    rate = seen.overruled / seen.judged
    if rate < policy.override_rate:
        return None
    reason = (
        f"agents overruled {rate:.0%} of {seen.judged} judged decisions, "
        f"{policy.override_rate:.0%} is the limit"
    )
    return _trigger("override rate", reason, seen)


def _drift(policy: Policy, seen: Since) -> Trigger | None:
    if not policy.on_drift or seen.drift_report is None:
        return None
    reason = (
        f"drift report {seen.drift_report} has {seen.drift_alerts} alerts, "
        f"and {seen.new_corrections} new corrections"
    )
    return _trigger("drift", reason, seen)


def _time(policy: Policy, seen: Since) -> Trigger | None:
    if not policy.every or seen.now - seen.since < policy.every:
        return None
    if not (seen.new_corrections or seen.erasures):
        return None
    hours = policy.every.total_seconds() / 3600
    reason = f"{hours:g} hours since the last, and {seen.new_corrections} new corrections"
    if seen.erasures:
        reason += f" and {seen.erasures} erasures from data sets"
    return _trigger("time", reason, seen)


def _trigger(kind: str, reason: str, seen: Since) -> Trigger:
    return Trigger(kind=kind, reason=reason, window=f"after run {seen.last_run}")
