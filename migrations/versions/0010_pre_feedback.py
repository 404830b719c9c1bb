"""When feedback was given, what thresholds were measured on, and changes of labels asked for."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0010_pre_feedback"
down_revision = "0009_pre_control"
branch_labels = None
depends_on = None

_TIME = postgresql.TIMESTAMP(timezone=True)
_NOW = sa.text("clock_timestamp()")
_OPEN = sa.text("state IN ('queued', 'running')")


def upgrade() -> None:
    op.add_column("corrections", sa.Column("given_at", _TIME, server_default=_NOW, nullable=True))
    op.execute("UPDATE corrections SET given_at = created_at")
    op.alter_column("corrections", "given_at", nullable=False)
    op.create_index(
        "ix_corrections_withdrawn",
        "corrections",
        ["supersedes"],
        postgresql_where=sa.text("kind = 'withdrawn'"),
    )
    op.add_column("labels", sa.Column("guidelines", sa.Text(), server_default="", nullable=False))
    op.add_column("labels", sa.Column("measured_on", sa.Text(), nullable=True))
    op.create_table(
        "label_requests",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("wanted", postgresql.JSONB(), nullable=False),
        sa.Column("ruleset", sa.BigInteger(), nullable=False),
        sa.Column("serving", sa.Text(), nullable=False),
        sa.Column("requested_by", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), server_default="queued", nullable=False),
        sa.Column("lease_until", _TIME, nullable=True),
        sa.Column("error", sa.Text(), nullable=True),
        sa.Column("model_version", sa.Text(), nullable=True),
        sa.Column("created_at", _TIME, server_default=_NOW, nullable=False),
        sa.Column("finished_at", _TIME, nullable=True),
        sa.CheckConstraint(
            "state IN ('queued', 'running', 'succeeded', 'failed')",
            name=op.f("ck_label_requests_state"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_label_requests")),
    )
    op.create_index("ix_label_requests_open", "label_requests", ["id"], postgresql_where=_OPEN)


def downgrade() -> None:
    op.drop_table("label_requests")
    op.drop_column("labels", "measured_on")
    op.drop_column("labels", "guidelines")
    op.drop_index("ix_corrections_withdrawn", "corrections")
    op.drop_column("corrections", "given_at")
