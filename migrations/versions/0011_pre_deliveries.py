"""Endpoints that events are delivered to, deliveries and their attempts.

A trigger makes the deliveries of an event in the transaction that writes it, so that no event is
missed, whenever it commits, and nobody has to look for new ones.
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0011_pre_deliveries"
down_revision = "0010_pre_feedback"
branch_labels = None
depends_on = None

_TIME = postgresql.TIMESTAMP(timezone=True)
_NOW = sa.text("clock_timestamp()")
_OPEN = sa.text("state IN ('waiting', 'sending')")

_FAN_OUT = """
CREATE FUNCTION fan_out_events() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO deliveries (endpoint_id, event_id, event, ticket_id)
  SELECT e.id, n.id, n.event, n.ticket_id
  FROM new_events n JOIN webhook_endpoints e ON n.event = ANY(e.events)
  WHERE e.state <> 'disabled' AND e.deleted_at IS NULL ORDER BY n.id;
  RETURN NULL;
END $$;
CREATE TRIGGER outbox_fan_out AFTER INSERT ON outbox REFERENCING NEW TABLE AS new_events
FOR EACH STATEMENT EXECUTE FUNCTION fan_out_events();
"""


def upgrade() -> None:
    op.create_table(
        "webhook_endpoints",
        sa.Column("id", sa.Integer(), sa.Identity(always=False), nullable=False),
        sa.Column("kind", sa.Text(), server_default="webhook", nullable=False),
        sa.Column("target", sa.Text(), nullable=False),
        sa.Column("description", sa.Text(), server_default="", nullable=False),
        sa.Column("events", postgresql.ARRAY(sa.Text()), nullable=False),
        sa.Column("concurrency", sa.SmallInteger(), server_default=sa.text("2"), nullable=False),
        sa.Column("state", sa.Text(), server_default="active", nullable=False),
        sa.Column("why", sa.Text(), server_default="", nullable=False),
        sa.Column("version", sa.Integer(), server_default=sa.text("1"), nullable=False),
        sa.Column("secret", sa.Text(), nullable=True),
        sa.Column("old_secret", sa.Text(), nullable=True),
        sa.Column("old_secret_until", _TIME, nullable=True),
        sa.Column("created_by", sa.Text(), nullable=False),
        sa.Column("created_at", _TIME, server_default=_NOW, nullable=False),
        sa.Column("deleted_at", _TIME, nullable=True),
        sa.Column("delivered", sa.BigInteger(), server_default=sa.text("0"), nullable=False),
        sa.Column("failed", sa.BigInteger(), server_default=sa.text("0"), nullable=False),
        sa.Column("delivered_at", _TIME, nullable=True),
        sa.Column("failures", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("failing_since", _TIME, nullable=True),
        sa.Column("open_until", _TIME, nullable=True),
        sa.CheckConstraint(
            "state IN ('active', 'paused', 'disabled')", name=op.f("ck_webhook_endpoints_state")
        ),
        sa.CheckConstraint(
            "concurrency BETWEEN 1 AND 4", name=op.f("ck_webhook_endpoints_concurrency")
        ),
        sa.CheckConstraint(
            "(failures = 0) = (failing_since IS NULL)",
            name=op.f("ck_webhook_endpoints_failing_since_failures"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_webhook_endpoints")),
    )
    op.create_table(
        "deliveries",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("endpoint_id", sa.Integer(), nullable=False),
        sa.Column("event_id", sa.Uuid(), nullable=False),
        sa.Column("event", sa.Text(), nullable=False),
        sa.Column("ticket_id", sa.Uuid(), nullable=True),
        sa.Column("state", sa.Text(), server_default="waiting", nullable=False),
        sa.Column("attempts", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("token", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("next_at", _TIME, server_default=_NOW, nullable=False),
        sa.Column("since", _TIME, server_default=_NOW, nullable=False),
        sa.Column("created_at", _TIME, server_default=_NOW, nullable=False),
        sa.Column("done_at", _TIME, nullable=True),
        sa.CheckConstraint(
            "state IN ('waiting', 'sending', 'delivered', 'dead')", name=op.f("ck_deliveries_state")
        ),
        sa.CheckConstraint(
            "(state IN ('delivered', 'dead')) = (done_at IS NOT NULL)",
            name=op.f("ck_deliveries_done_when_over"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_deliveries")),
    )
    op.create_index("ix_deliveries_log", "deliveries", ["endpoint_id", "id"])
    op.create_index("ix_deliveries_ticket", "deliveries", ["ticket_id"])
    op.create_index("ix_deliveries_created", "deliveries", ["created_at"])
    op.create_index(
        "ix_deliveries_open", "deliveries", ["endpoint_id", "next_at"], postgresql_where=_OPEN
    )
    op.create_index(
        "ix_deliveries_dead",
        "deliveries",
        ["endpoint_id", "id"],
        postgresql_where=sa.text("state = 'dead'"),
    )
    op.create_table(
        "delivery_attempts",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("delivery_id", sa.BigInteger(), nullable=False),
        sa.Column("at", _TIME, server_default=_NOW, nullable=False),
        sa.Column("status", sa.Integer(), nullable=True),
        sa.Column("ms", sa.Integer(), nullable=False),
        sa.Column("error", sa.Text(), server_default="", nullable=False),
        sa.Column("answer", sa.Text(), server_default="", nullable=False),
        sa.ForeignKeyConstraint(
            ["delivery_id"],
            ["deliveries.id"],
            name=op.f("fk_delivery_attempts_delivery_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_delivery_attempts")),
    )
    op.create_index("ix_delivery_attempts_delivery", "delivery_attempts", ["delivery_id", "id"])
    op.execute(_FAN_OUT)


def downgrade() -> None:
    op.execute("DROP TRIGGER outbox_fan_out ON outbox; DROP FUNCTION fan_out_events()")
    op.drop_table("delivery_attempts")
    op.drop_table("deliveries")
    op.drop_table("webhook_endpoints")
