"""Connections to helpdesks, what is known of their tickets, and which deliveries were answered."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0012_pre_helpdesks"
down_revision = "0011_pre_deliveries"
branch_labels = None
depends_on = None

_TIME = postgresql.TIMESTAMP(timezone=True)
_NOW = sa.text("clock_timestamp()")
_TEXTS = postgresql.ARRAY(sa.Text())


def upgrade() -> None:
    op.create_table(
        "helpdesk_connections",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("base_url", sa.Text(), nullable=True),
        sa.Column("account", sa.Text(), nullable=True),
        sa.Column("service_user", sa.Text(), nullable=True),
        sa.Column("labels_field", sa.Text(), nullable=True),
        sa.Column("secrets", _TEXTS, server_default="{}", nullable=False),
        sa.Column("token", sa.Text(), nullable=True),
        sa.Column("mapping", postgresql.JSONB(), server_default="{}", nullable=False),
        sa.Column("teams", postgresql.JSONB(), server_default="{}", nullable=False),
        sa.Column("writes", _TEXTS, server_default="{}", nullable=False),
        sa.Column("active", sa.Boolean(), server_default=sa.text("true"), nullable=False),
        sa.Column("version", sa.Integer(), server_default=sa.text("1"), nullable=False),
        sa.Column("polled_to", sa.BigInteger(), nullable=True),
        sa.Column("created_by", sa.Text(), nullable=False),
        sa.Column("created_at", _TIME, server_default=_NOW, nullable=False),
        sa.CheckConstraint(
            "kind IN ('zendesk', 'zammad', 'chatwoot', 'request_tracker', 'standard')",
            name=op.f("ck_helpdesk_connections_kind"),
        ),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_helpdesk_connections")),
    )
    op.create_table(
        "helpdesk_tickets",
        sa.Column("connection", sa.Text(), nullable=False),
        sa.Column("external_id", sa.Text(), nullable=False),
        sa.Column("ticket_id", sa.Uuid(), nullable=True),
        sa.Column("said_at", _TIME, nullable=True),
        sa.Column("content_at", _TIME, nullable=True),
        sa.Column("first_at", _TIME, nullable=True),
        sa.Column("first_team", sa.Text(), nullable=True),
        sa.Column("placed_at", _TIME, nullable=True),
        sa.Column("team", sa.Text(), nullable=True),
        sa.Column("tags", _TEXTS, nullable=True),
        sa.Column("wrote_team", sa.Text(), nullable=True),
        sa.Column("wrote_tags", _TEXTS, nullable=True),
        sa.Column("writing", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("noted", sa.Uuid(), nullable=True),
        sa.Column("correction_id", sa.Uuid(), nullable=True),
        sa.PrimaryKeyConstraint("connection", "external_id", name=op.f("pk_helpdesk_tickets")),
    )
    op.create_index("ix_helpdesk_tickets_ticket_id", "helpdesk_tickets", ["ticket_id"])
    op.create_table(
        "helpdesk_deliveries",
        sa.Column("connection", sa.Text(), nullable=False),
        sa.Column("delivery_id", sa.Text(), nullable=False),
        sa.Column("answer", postgresql.JSONB(), nullable=False),
        sa.Column("received_at", _TIME, server_default=_NOW, nullable=False),
        sa.PrimaryKeyConstraint("connection", "delivery_id", name=op.f("pk_helpdesk_deliveries")),
    )
    op.create_index("ix_helpdesk_deliveries_received_at", "helpdesk_deliveries", ["received_at"])


def downgrade() -> None:
    op.drop_table("helpdesk_deliveries")
    op.drop_table("helpdesk_tickets")
    op.drop_table("helpdesk_connections")
