"""Erasures, what they keep out for ever, and how far retention has come."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0007_pre_privacy"
down_revision = "0006_pre_people"
branch_labels = None
depends_on = None

_TIME = postgresql.TIMESTAMP(timezone=True)
_JSONB = postgresql.JSONB(astext_type=sa.Text())
_NOW = sa.text("clock_timestamp()")


def upgrade() -> None:
    op.create_table(
        "installation_secret",
        sa.Column("id", sa.Integer(), sa.Identity(always=False), nullable=False),
        sa.Column("value", sa.LargeBinary(), nullable=False),
        sa.CheckConstraint("id = 1", name=op.f("ck_installation_secret_one")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_installation_secret")),
    )
    # Two random UUIDs are 244 bits from the server's own strong source.
    op.execute(
        "INSERT INTO installation_secret (id, value) VALUES "
        "(1, sha256((gen_random_uuid()::text || gen_random_uuid()::text)::bytea))"
    )
    op.create_table(
        "erasures",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("scope", sa.Text(), nullable=False),
        sa.Column("subject_hash", sa.LargeBinary(), nullable=False),
        sa.Column("requested_by", sa.Text(), nullable=False),
        sa.Column("requested_at", _TIME, server_default=_NOW, nullable=False),
        sa.Column("tickets", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("removed", _JSONB, server_default="{}", nullable=False),
        sa.Column("rows_done_at", _TIME, nullable=True),
        sa.Column("files", _JSONB, server_default="{}", nullable=False),
        sa.Column("files_done_at", _TIME, nullable=True),
        sa.CheckConstraint("scope IN ('ticket', 'customer')", name=op.f("ck_erasures_scope")),
        sa.CheckConstraint(
            "files_done_at IS NULL OR rows_done_at IS NOT NULL", name=op.f("ck_erasures_in_order")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_erasures")),
    )
    op.create_index("ix_erasures_subject", "erasures", ["subject_hash"])
    op.create_index(
        "uq_erasures_open",
        "erasures",
        ["subject_hash"],
        unique=True,
        postgresql_where=sa.text("rows_done_at IS NULL"),
    )
    op.create_table(
        "erased_tickets",
        sa.Column("ticket_id", sa.Uuid(), nullable=False),
        sa.Column("erasure_id", sa.Uuid(), nullable=False),
        sa.Column("key_hash", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(
            ["erasure_id"], ["erasures.id"], name=op.f("fk_erased_tickets_erasure_id")
        ),
        sa.PrimaryKeyConstraint("ticket_id", name=op.f("pk_erased_tickets")),
        sa.UniqueConstraint("key_hash", name=op.f("uq_erased_tickets_key_hash")),
    )
    op.create_index("ix_erased_tickets_erasure", "erased_tickets", ["erasure_id"])
    op.create_table(
        "erased_texts",
        sa.Column("text_hash", sa.LargeBinary(), nullable=False),
        sa.Column("erasure_id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(
            ["erasure_id"], ["erasures.id"], name=op.f("fk_erased_texts_erasure_id")
        ),
        sa.PrimaryKeyConstraint("text_hash", "erasure_id", name=op.f("pk_erased_texts")),
    )
    op.create_table(
        "retention",
        sa.Column("what", sa.Text(), nullable=False),
        sa.Column("done_until", sa.Uuid(), nullable=True),
        sa.Column("dropped", sa.BigInteger(), server_default=sa.text("0"), nullable=False),
        sa.Column("at", _TIME, server_default=_NOW, nullable=False),
        sa.PrimaryKeyConstraint("what", name=op.f("pk_retention")),
    )
    op.create_index(
        "ix_ticket_contents_customer",
        "ticket_contents",
        ["customer"],
        postgresql_where=sa.text("customer IS NOT NULL"),
    )
    op.create_index("ix_dead_letters_received", "dead_letters", ["received_at"])


def downgrade() -> None:
    op.drop_index("ix_dead_letters_received", "dead_letters")
    op.drop_index("ix_ticket_contents_customer", "ticket_contents")
    op.drop_table("retention")
    op.drop_table("erased_texts")
    op.drop_table("erased_tickets")
    op.drop_table("erasures")
    op.drop_table("installation_secret")
