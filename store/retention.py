"""What is past its time goes: whole months where there are partitions, else in bites.

How far each kind has come is a row, locked by whoever works on it, so that two beats do nothing
twice and one of them passes by. Each function is one bite: call it in a transaction of its own
until it gives 0.
"""

from collections.abc import Callable
from datetime import UTC, datetime
from uuid import UUID

from sqlalchemy import Connection, text

from store.partitions import drop_partitions_before, first_uuid
from store.tables import DecisionHistoryRow, TicketContentRow

BITE = 5_000  # rows
_FIRST = UUID(int=0)
_BEGIN = text("INSERT INTO retention (what) VALUES (:what) ON CONFLICT DO NOTHING")
_LOCK = text("SELECT what FROM retention WHERE what = :what FOR UPDATE SKIP LOCKED")
_NOTE = text(
    "UPDATE retention SET dropped = dropped + :dropped, at = clock_timestamp(), "
    "done_until = coalesce(:until, done_until) WHERE what = :what"
)
_UNSETTLED = (
    "EXISTS (SELECT FROM tickets t WHERE t.id = c.ticket_id "
    "AND t.state IN ('accepted', 'claimed', 'quarantined', 'review'))"
)
_LETTERS = text(
    "DELETE FROM dead_letters WHERE id = ANY(ARRAY("
    "SELECT id FROM dead_letters WHERE received_at < :moment LIMIT :most))"
)
# Only from the oldest on, and never the newest, so that what is left is a chain.
_AUDIT = text(
    """
DELETE FROM audit_log WHERE id = ANY(ARRAY(
  SELECT id FROM audit_log WHERE id < coalesce(
    (SELECT id FROM audit_log WHERE at >= :moment ORDER BY id LIMIT 1),
    (SELECT max(id) FROM audit_log))
  ORDER BY id LIMIT :most))
"""
)
_TRACES = text(
    "UPDATE decisions SET trace = '[]' WHERE ticket_id >= :low AND ticket_id <= :high "
    "AND trace <> '[]'"
)
_NEXT_DECISIONS = text(
    "SELECT max(ticket_id::text)::uuid AS high, count(*) AS found FROM (SELECT ticket_id FROM "
    "decisions WHERE ticket_id >= :low AND ticket_id < :until ORDER BY ticket_id LIMIT :most) d"
)


def drop_texts(connection: Connection, moment: datetime, *, most: int = BITE) -> int:
    """Drops the months of contents that ended before the month of a moment; gives rows dropped.

    A ticket that is still to be decided keeps its text until it is.
    """
    start = moment.astimezone(UTC).replace(day=1, hour=0, minute=0, second=0, microsecond=0)
    until = first_uuid(start)
    values = {"until": until, "most": most}

    def work() -> tuple[int, UUID]:
        gone = _count_until(connection, until)
        if not gone:
            return 0, until
        connection.execute(
            text(
                "CREATE TEMPORARY TABLE unsettled ON COMMIT DROP AS SELECT c.* FROM "
                f"ticket_contents c WHERE c.ticket_id < :until AND {_UNSETTLED}"
            ),
            values,
        )
        drop_partitions_before(connection, TicketContentRow.__tablename__, moment)
        connection.execute(
            text(
                "INSERT INTO ticket_contents SELECT u.* FROM unsettled u WHERE NOT EXISTS "
                "(SELECT FROM ticket_contents c WHERE c.ticket_id = u.ticket_id)"
            )
        )
        connection.execute(
            text(
                "DELETE FROM ticket_contents_rest c WHERE c.ticket_id < :until "
                f"AND NOT {_UNSETTLED} AND c.ticket_id = ANY(ARRAY(SELECT r.ticket_id FROM "
                "ticket_contents_rest r WHERE r.ticket_id < :until LIMIT :most))"
            ),
            values,
        )
        return gone - _count_until(connection, until), until

    return _alone(connection, "texts", work)


def drop_history(connection: Connection, moment: datetime) -> int:
    """Drops the months of replaced decisions that ended before the month of a moment."""

    def work() -> tuple[int, None]:
        table = DecisionHistoryRow.__tablename__
        return len(drop_partitions_before(connection, table, moment)), None

    return _alone(connection, "replaced_decision_months", work)


def drop_traces(connection: Connection, moment: datetime, *, most: int = BITE) -> int:
    """Empties the traces of the next decisions on tickets that arrived before a moment."""

    def work() -> tuple[int, UUID]:
        done = text("SELECT done_until FROM retention WHERE what = 'traces'")
        low = connection.execute(done).scalar() or _FIRST
        until = max(first_uuid(moment), low)
        values = {"low": low, "until": until, "most": most}
        high, found = connection.execute(_NEXT_DECISIONS, values).one()
        if not found:
            return 0, until
        connection.execute(_TRACES, {"low": low, "high": high})
        return found, UUID(int=high.int + 1)

    return _alone(connection, "traces", work)


def drop_letters(connection: Connection, moment: datetime, *, most: int = BITE) -> int:
    """Drops refused submissions from before a moment."""
    values = {"moment": moment, "most": most}
    return _alone(
        connection,
        "dead_letters",
        lambda: (connection.execute(_LETTERS, values).rowcount, None),
    )


def drop_audit(connection: Connection, moment: datetime, *, most: int = BITE) -> int:
    """Drops the oldest entries of the audit log from before a moment, but never the newest."""

    def work() -> tuple[int, None]:
        connection.execute(text("SET LOCAL pointsman.audit_retention = 'on'"))
        return connection.execute(_AUDIT, {"moment": moment, "most": most}).rowcount, None

    return _alone(connection, "audit", work)


def dropped(connection: Connection) -> dict[str, int]:
    """How much of each kind was dropped so far."""
    rows = connection.execute(text("SELECT what, dropped FROM retention ORDER BY what"))
    return {row.what: row.dropped for row in rows}


def texts_done_until(connection: Connection) -> UUID | None:
    """Texts of tickets with smaller ids were dropped; None while none were."""
    done = text("SELECT done_until FROM retention WHERE what = 'texts'")
    found = connection.execute(done).scalar()
    return None if found is None else UUID(str(found))


def _alone(connection: Connection, what: str, work: Callable[[], tuple[int, UUID | None]]) -> int:
    """Works on one kind and notes it; 0 where somebody else is at it."""
    connection.execute(_BEGIN, {"what": what})
    if connection.execute(_LOCK, {"what": what}).scalar() is None:
        return 0
    gone, until = work()
    connection.execute(_NOTE, {"what": what, "dropped": gone, "until": until})
    return gone


def _count_until(connection: Connection, until: UUID) -> int:
    statement = text("SELECT count(*) FROM ticket_contents WHERE ticket_id < :until")
    return int(connection.execute(statement, {"until": until}).scalar_one())
