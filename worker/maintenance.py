"""What `maintenance.sweep` does: partitions made in time, what is old dropped."""

from datetime import UTC, datetime, timedelta

import structlog
from sqlalchemy import Connection, Engine

from store.engine import transaction
from store.idempotency import forget_before
from store.partitions import drop_partitions_before, make_partitions
from store.tables import OutboxRow
from store.trial_evidence import forget_shadows

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


def forget_idempotency_keys(engine: Engine, *, hours: float) -> None:
    """Drops answers that were kept for longer than some hours."""
    oldest = datetime.now(UTC) - timedelta(hours=hours)
    dropped = transaction(engine, lambda c: forget_before(c, oldest))
    _log.info("idempotency_keys", dropped=dropped)
