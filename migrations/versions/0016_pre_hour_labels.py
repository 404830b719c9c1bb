"""Labels that people gave, counted by the hour, so that the list of labels costs hours too.

Every hour that was counted, or that has imported tickets, is marked: the next sweep counts it.
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0016_pre_hour_labels"
down_revision = "0015_pre_incidents"
branch_labels = None
depends_on = None

# The first 48 bits of an id are milliseconds since 1970 (RFC 9562, 5.7).
_MARK = """
INSERT INTO stale_hours (hour) SELECT hour FROM hour_counts WHERE by = 'all' UNION
SELECT to_timestamp(('x' || left(replace(ticket_id::text, '-', ''), 12))::bit(48)::bigint
  / 3600000 * 3600) FROM ticket_contents WHERE labels IS NOT NULL
"""


def upgrade() -> None:
    op.create_table(
        "hour_labels",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("hour", postgresql.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("labels", postgresql.ARRAY(sa.Text()), nullable=False),
        sa.Column("corrected", sa.Boolean(), nullable=False),
        sa.Column("tickets", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_hour_labels")),
    )
    op.create_index("ix_hour_labels_hour", "hour_labels", ["hour"])
    op.execute(_MARK)


def downgrade() -> None:
    op.drop_table("hour_labels")
