"""Feedback that may train, snapshots of what was trained on, and training runs."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0002_pre_learning_loop"
down_revision = "0001_pre_first_schema"
branch_labels = None
depends_on = None

_JSONB = postgresql.JSONB(astext_type=sa.Text())
_TIME = postgresql.TIMESTAMP(timezone=True)
_NOW = sa.text("clock_timestamp()")


def upgrade() -> None:
    op.add_column(
        "corrections",
        sa.Column("final", sa.Boolean(), server_default=sa.text("false"), nullable=False),
    )
    op.create_check_constraint(
        op.f("ck_corrections_kind"),
        "corrections",
        "kind IN ('confirmed', 'wrong_label', 'wrong_route', 'moved_for_load', 'skipped', "
        "'withdrawn')",
    )
    op.create_index("ix_corrections_created", "corrections", ["created_at"])
    op.create_table(
        "correction_reviews",
        sa.Column("correction_id", sa.Uuid(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("verdict", sa.Text(), server_default="held", nullable=False),
        sa.Column("settled_by", sa.Text(), nullable=True),
        sa.Column("held_at", _TIME, server_default=_NOW, nullable=False),
        sa.Column("settled_at", _TIME, nullable=True),
        sa.CheckConstraint(
            "verdict IN ('held', 'released', 'rejected')",
            name=op.f("ck_correction_reviews_verdict"),
        ),
        sa.ForeignKeyConstraint(
            ["correction_id"],
            ["corrections.id"],
            name=op.f("fk_correction_reviews_correction_id"),
        ),
        sa.PrimaryKeyConstraint("correction_id", name=op.f("pk_correction_reviews")),
    )
    op.create_table(
        "dataset_snapshots",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("path", sa.Text(), nullable=False),
        sa.Column("summary", _JSONB, nullable=False),
        sa.Column("created_at", _TIME, server_default=_NOW, nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_dataset_snapshots")),
    )
    op.create_table(
        "training_runs",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("window", sa.Text(), nullable=False),
        sa.Column("trigger", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("requested_by", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), server_default="queued", nullable=False),
        sa.Column("token", sa.BigInteger(), server_default=sa.text("0"), nullable=False),
        sa.Column("lease_until", _TIME, nullable=True),
        sa.Column("progress", _JSONB, server_default="{}", nullable=False),
        sa.Column("snapshot_id", sa.Text(), nullable=True),
        sa.Column("candidate", sa.Text(), nullable=True),
        sa.Column("outcome", sa.Text(), nullable=True),
        sa.Column("gate", _JSONB, nullable=True),
        sa.Column("error", sa.Text(), nullable=True),
        sa.Column("created_at", _TIME, server_default=_NOW, nullable=False),
        sa.Column("started_at", _TIME, nullable=True),
        sa.Column("finished_at", _TIME, nullable=True),
        sa.CheckConstraint(
            "state IN ('queued', 'running', 'succeeded', 'failed')",
            name=op.f("ck_training_runs_state"),
        ),
        sa.CheckConstraint(
            "(state = 'running') = (lease_until IS NOT NULL)",
            name=op.f("ck_training_runs_running_has_lease"),
        ),
        sa.ForeignKeyConstraint(
            ["snapshot_id"], ["dataset_snapshots.id"], name=op.f("fk_training_runs_snapshot_id")
        ),
        sa.ForeignKeyConstraint(
            ["candidate"], ["model_versions.version"], name=op.f("fk_training_runs_candidate")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_training_runs")),
        sa.UniqueConstraint("window", name=op.f("uq_training_runs_window")),
    )
    op.create_index("ix_training_runs_created", "training_runs", ["created_at"])
    op.create_index(
        "uq_training_runs_running",
        "training_runs",
        ["state"],
        unique=True,
        postgresql_where=sa.text("state = 'running'"),
    )


def downgrade() -> None:
    op.drop_table("training_runs")
    op.drop_table("dataset_snapshots")
    op.drop_table("correction_reviews")
    op.drop_index("ix_corrections_created", table_name="corrections")
    op.drop_constraint(op.f("ck_corrections_kind"), "corrections")
    op.drop_column("corrections", "final")
