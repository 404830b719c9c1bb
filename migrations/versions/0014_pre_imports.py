"""Imports of old tickets, and what they said, so that no content comes in twice."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0014_pre_imports"
down_revision = "0013_pre_stats"
branch_labels = None
depends_on = None

_TIME = postgresql.TIMESTAMP(timezone=True)
_NOW = sa.text("clock_timestamp()")


def upgrade() -> None:
    op.create_table(
        "imports",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("format", sa.Text(), nullable=False),
        sa.Column("started_by", sa.Text(), nullable=False),
        sa.Column("rows", sa.BigInteger(), server_default=sa.text("0"), nullable=False),
        sa.Column("outcomes", postgresql.JSONB(), server_default="{}", nullable=False),
        sa.Column("refused", sa.BigInteger(), server_default=sa.text("0"), nullable=False),
        sa.Column("reasons", postgresql.JSONB(), server_default="{}", nullable=False),
        sa.Column("created_at", _TIME, server_default=_NOW, nullable=False),
        sa.Column("updated_at", _TIME, server_default=_NOW, nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_imports")),
        sa.UniqueConstraint("name", name=op.f("uq_imports_name")),
    )
    op.create_table(
        "imported_contents",
        sa.Column("content_hash", sa.LargeBinary(), nullable=False),
        sa.Column("ticket_id", sa.Uuid(), nullable=False),
        sa.PrimaryKeyConstraint("content_hash", name=op.f("pk_imported_contents")),
    )
    op.create_index("ix_imported_contents_ticket", "imported_contents", ["ticket_id"])


def downgrade() -> None:
    op.drop_table("imported_contents")
    op.drop_table("imports")
