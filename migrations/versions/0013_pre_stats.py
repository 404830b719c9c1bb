"""Counts by the hour, kept true by marks; audit filters; suggestions that were declined.

Every hour that has decisions begins with a mark, so that nothing is counted while this runs: the
next sweep does that, and until then figures count what they are asked for.
"""

from typing import Any

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0013_pre_stats"
down_revision = "0012_pre_helpdesks"
branch_labels = None
depends_on = None

_TIME = postgresql.TIMESTAMP(timezone=True)
# The first 48 bits of an id are milliseconds since 1970 (RFC 9562, 5.7).
_HOUR = (
    "to_timestamp(('x' || left(replace(ticket_id::text, '-', ''), 12))::bit(48)::bigint "
    "/ 3600000 * 3600)"
)
_MARK = f"""
CREATE FUNCTION mark_stale_hours() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO stale_hours (hour) SELECT DISTINCT {_HOUR} FROM changed;
  RETURN NULL;
END $$
"""  # noqa: S608
_MARKED = (
    ("decisions", "INSERT", "NEW"),
    ("decisions", "DELETE", "OLD"),
    ("corrections", "INSERT", "NEW"),
    ("ticket_contents", "DELETE", "OLD"),
)
_AUDIT: dict[str, list[Any]] = {
    "ix_audit_log_actor": ["actor", "id"],
    "ix_audit_log_action": ["action", "id"],
    "ix_audit_log_area": [sa.text("split_part(action, '.', 1)"), "id"],
    "ix_audit_log_subject": ["subject", "id"],
    "ix_audit_log_at": ["at"],
}


def upgrade() -> None:
    _make_tables()
    op.execute(_MARK)
    for table, event, rows in _MARKED:
        op.execute(
            f"CREATE TRIGGER {_name(table, event)} AFTER {event} ON {table} "
            f"REFERENCING {rows} TABLE AS changed FOR EACH STATEMENT "
            "EXECUTE FUNCTION mark_stale_hours()"
        )
    op.execute(f"INSERT INTO stale_hours (hour) SELECT DISTINCT {_HOUR} FROM decisions")  # noqa: S608
    for name, columns in _AUDIT.items():
        op.create_index(name, "audit_log", columns)
    op.create_index(
        "ix_ticket_contents_labelled",
        "ticket_contents",
        ["ticket_id"],
        postgresql_where=sa.text("labels IS NOT NULL"),
    )


def downgrade() -> None:
    op.drop_index("ix_ticket_contents_labelled", "ticket_contents")
    for name in _AUDIT:
        op.drop_index(name, "audit_log")
    for table, event, _ in _MARKED:
        op.execute(f"DROP TRIGGER {_name(table, event)} ON {table}")
    op.execute("DROP FUNCTION mark_stale_hours")
    for table in ("declined_suggestions", "hour_words", "hour_counts", "stale_hours"):
        op.drop_table(table)


def _make_tables() -> None:
    op.create_table(
        "stale_hours",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("hour", _TIME, nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_stale_hours")),
    )
    op.create_index("ix_stale_hours_hour", "stale_hours", ["hour"])
    op.create_table(
        "hour_counts",
        sa.Column("by", sa.Text(), nullable=False),
        sa.Column("hour", _TIME, nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        *(
            sa.Column(name, sa.Integer(), nullable=False)
            for name in ("tickets", "covered", "automatic", "drawn")
        ),
        sa.PrimaryKeyConstraint("by", "hour", "key", name=op.f("pk_hour_counts")),
    )
    words = postgresql.ARRAY(sa.Text())
    op.create_table(
        "hour_words",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("hour", _TIME, nullable=False),
        sa.Column("day", sa.Text(), nullable=False),
        sa.Column("version", sa.Text(), nullable=False),
        sa.Column("language", sa.Text(), nullable=True),
        sa.Column("channel", sa.Text(), nullable=True),
        sa.Column("department", sa.Text(), nullable=False),
        sa.Column("outcome", sa.Text(), nullable=False),
        sa.Column("predicted", words, nullable=False),
        sa.Column("truth", words, nullable=True),
        sa.Column("is_moved", sa.Boolean(), nullable=False),
        sa.Column("is_drawn", sa.Boolean(), nullable=False),
        sa.Column("tickets", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_hour_words")),
    )
    op.create_index("ix_hour_words_hour", "hour_words", ["hour"])
    op.create_table(
        "declined_suggestions",
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("declined_by", sa.Text(), nullable=False),
        sa.Column("declined_at", _TIME, server_default=sa.func.clock_timestamp(), nullable=False),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_declined_suggestions")),
    )


def _name(table: str, event: str) -> str:
    return f"{table}_{event.lower()}_marks_hours"
