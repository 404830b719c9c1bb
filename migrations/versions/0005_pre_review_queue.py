"""The review queue: decisions and held corrections that wait for a person."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0005_pre_review_queue"
down_revision = "0004_pre_api_doors"
branch_labels = None
depends_on = None

_TIME = postgresql.TIMESTAMP(timezone=True)
_OPEN = sa.text("resolved_at IS NULL")


def upgrade() -> None:
    op.create_table(
        "review_items",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("ticket_id", sa.Uuid(), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("correction_id", sa.Uuid(), nullable=True),
        sa.Column("reasons", postgresql.ARRAY(sa.Text()), nullable=False),
        sa.Column("uncertainty", sa.Double(), nullable=False),
        sa.Column("due_at", _TIME, nullable=True),
        sa.Column("claimed_by", sa.Text(), nullable=True),
        sa.Column("lease_until", _TIME, nullable=True),
        sa.Column("created_at", _TIME, server_default=sa.text("clock_timestamp()"), nullable=False),
        sa.Column("outcome", sa.Text(), nullable=True),
        sa.Column("resolved_by", sa.Text(), nullable=True),
        sa.Column("resolved_at", _TIME, nullable=True),
        sa.CheckConstraint(
            "outcome IN ('accepted', 'replaced', 'skipped', 'superseded')",
            name=op.f("ck_review_items_outcome"),
        ),
        sa.CheckConstraint("cardinality(reasons) > 0", name=op.f("ck_review_items_has_reason")),
        sa.CheckConstraint("uncertainty BETWEEN 0 AND 1", name=op.f("ck_review_items_uncertainty")),
        sa.CheckConstraint(
            "(outcome IS NULL) = (resolved_at IS NULL)",
            name=op.f("ck_review_items_resolved_has_outcome"),
        ),
        sa.CheckConstraint(
            "(claimed_by IS NULL) = (lease_until IS NULL)",
            name=op.f("ck_review_items_claim_complete"),
        ),
        sa.ForeignKeyConstraint(
            ["correction_id"], ["corrections.id"], name=op.f("fk_review_items_correction_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_review_items")),
        sa.UniqueConstraint("correction_id", name=op.f("uq_review_items_correction_id")),
    )
    op.create_index(
        "uq_review_items_decision",
        "review_items",
        ["ticket_id", "revision"],
        unique=True,
        postgresql_where=sa.text("correction_id IS NULL"),
    )
    op.create_index("ix_review_items_ticket", "review_items", ["ticket_id"], postgresql_where=_OPEN)
    op.create_index("ix_review_items_due", "review_items", ["due_at", "id"], postgresql_where=_OPEN)
    op.create_index(
        "ix_review_items_audit",
        "review_items",
        [sa.text("('audit' = ANY (reasons)) DESC"), "due_at", "id"],
        postgresql_where=_OPEN,
    )
    op.create_index(
        "ix_review_items_uncertainty", "review_items", ["uncertainty"], postgresql_where=_OPEN
    )


def downgrade() -> None:
    op.drop_table("review_items")
