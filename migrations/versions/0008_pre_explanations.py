"""Explanations asked for by people and made by workers."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0008_pre_explanations"
down_revision = "0007_pre_privacy"
branch_labels = None
depends_on = None

_TIME = postgresql.TIMESTAMP(timezone=True)


def upgrade() -> None:
    op.create_table(
        "explanations",
        sa.Column("ticket_id", sa.Uuid(), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("model_version", sa.Text(), nullable=False),
        sa.Column("rung", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), server_default="asked", nullable=False),
        sa.Column("attempts", sa.Integer(), server_default="0", nullable=False),
        sa.Column("lease_until", _TIME, nullable=True),
        sa.Column("result", postgresql.JSONB(), nullable=True),
        sa.Column("error", sa.Text(), nullable=True),
        sa.Column("asked_at", _TIME, server_default=sa.text("clock_timestamp()"), nullable=False),
        sa.Column("made_at", _TIME, nullable=True),
        sa.CheckConstraint(
            "state IN ('asked', 'made', 'failed')", name=op.f("ck_explanations_state")
        ),
        sa.CheckConstraint(
            "state <> 'made' OR (result IS NOT NULL AND made_at IS NOT NULL)",
            name=op.f("ck_explanations_made_has_result"),
        ),
        sa.PrimaryKeyConstraint(
            "ticket_id", "revision", "model_version", "rung", name=op.f("pk_explanations")
        ),
    )
    op.create_index(
        "ix_explanations_waiting",
        "explanations",
        ["asked_at"],
        postgresql_where=sa.text("state = 'asked'"),
    )
    op.create_index("ix_explanations_asked_at", "explanations", ["asked_at"])


def downgrade() -> None:
    op.drop_table("explanations")
