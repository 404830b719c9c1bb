"""What `maintenance.sweep` does: partitions made in time, what is old dropped, hours counted."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import structlog
from sqlalchemy import Connection, Engine

from store import retention
from store.access.idempotency import forget_before
from store.decided import explanations
from store.delivery import delivery_log
from store.engine import transaction
from store.figures.hour_counts import count_hours
from store.helpdesk import helpdesk_tickets
from store.models.trial_evidence import forget_shadows
from store.partitions import drop_partitions_before, make_partitions
from store.tables import OutboxRow

Drop = Callable[[Connection, datetime], int]
_BITES = 100  # a sweep ends, however much there is
_log = structlog.get_logger(__name__)


def care_for_partitions(engine: Engine, *, months_ahead: int, outbox_retention_days: int) -> None:
    """Makes the coming partitions and drops the outbox's old ones, and old shadow decisions.

    Args:
        engine: the database.
        months_ahead: monthly partitions to have ready.
        outbox_retention_days: events and shadow decisions are kept at least this long.
    """
    now = datetime.now(UTC)

    oldest = now - timedelta(days=outbox_retention_days)

    def work(connection: Connection) -> tuple[list[str], list[str]]:
        made = make_partitions(connection, now=now, months_ahead=months_ahead)
        return made, drop_partitions_before(connection, OutboxRow.__tablename__, oldest)

    made, dropped = transaction(engine, work)
    shadows = transaction(engine, lambda c: forget_shadows(c, oldest))
    _log.info("partitions", made=made, dropped=dropped, shadows_dropped=shadows)


@dataclass(frozen=True, slots=True, kw_only=True)
class Periods:
    """How many days each kind of data is kept; 0 for ever."""

    texts: int
    traces: int
    dead_letters: int
    audit: int


def drop_what_is_past(engine: Engine, periods: Periods) -> None:
    """Drops what is older than its period, some bites of each kind; the next sweep goes on."""
    now = datetime.now(UTC)
    plan: tuple[tuple[str, int, Drop], ...] = (
        ("texts", periods.texts, retention.drop_texts),
        ("traces", periods.traces, retention.drop_traces),
        ("replaced_decision_months", periods.traces, retention.drop_history),
        ("dead_letters", periods.dead_letters, retention.drop_letters),
        ("audit", periods.audit, retention.drop_audit),
    )
    for what, days, drop in plan:
        moment = now - timedelta(days=days)
        if drop in (retention.drop_texts, retention.drop_history):
            moment = whole_months(moment, now=now)
        if days and (dropped := _bites(engine, drop, moment)):
            _log.info("retention", what=what, dropped=dropped)


def whole_months(moment: datetime, *, now: datetime) -> datetime:
    """Before when months may go whole: never the last one, which `make_partitions` makes again."""
    last = (now.replace(day=1) - timedelta(days=1)).replace(day=1)
    return min(moment, last.replace(hour=0, minute=0, second=0, microsecond=0))


def _bites(engine: Engine, drop: Drop, moment: datetime) -> int:
    total = 0
    for _ in range(_BITES):
        dropped = transaction(engine, lambda c: drop(c, moment))
        total += dropped
        if not dropped:
            break
    return total


def forget_idempotency_keys(engine: Engine, *, hours: float) -> None:
    """Drops answers that were kept for longer than some hours."""
    oldest = datetime.now(UTC) - timedelta(hours=hours)
    dropped = transaction(engine, lambda c: forget_before(c, oldest))
    _log.info("idempotency_keys", dropped=dropped)


def forget_what_helpdesks_sent(engine: Engine, *, days: float) -> None:
    """Drops ids of helpdesks' deliveries that came longer ago than some days, with our answers."""
    oldest = datetime.now(UTC) - timedelta(days=days)
    dropped = _bites(engine, helpdesk_tickets.forget_before, oldest)
    _log.info("helpdesk_deliveries", dropped=dropped)


def forget_explanations(engine: Engine, *, days: float) -> None:
    """Drops explanations that were asked for longer ago than some days."""
    dropped = transaction(engine, lambda c: explanations.forget(c, days=days))
    _log.info("explanations", dropped=dropped)


def count_past_hours(engine: Engine, *, audit_share: float) -> None:
    """Counts the decisions of hours that are over, some bites; the next sweep goes on.

    Args:
        engine: the database.
        audit_share: of all tickets that is drawn for the audit, in [0, 1].
    """
    now = datetime.now(UTC)
    counted = _bites(
        engine, lambda c, moment: count_hours(c, now=moment, audit_share=audit_share), now
    )
    _log.info("hours_counted", hours=counted)


def forget_deliveries(engine: Engine, *, days: int) -> None:
    """Drops deliveries of events that are older than the outbox keeps, with their attempts."""
    oldest = datetime.now(UTC) - timedelta(days=days)
    dropped = _bites(engine, delivery_log.forget_before, oldest)
    _log.info("deliveries", dropped=dropped)
