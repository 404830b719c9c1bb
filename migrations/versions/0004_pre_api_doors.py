"""Tokens and idempotency keys of the API, and the order in which tickets are due."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0004_pre_api_doors"
down_revision = "0003_pre_trials_and_label_life"
branch_labels = None
depends_on = None

_TIME = postgresql.TIMESTAMP(timezone=True)
_NOW = sa.text("clock_timestamp()")
_WAITS = sa.text("state = 'accepted'")


def upgrade() -> None:
    op.add_column("ticket_contents", sa.Column("deadline", _TIME, nullable=True))
    # now() is stable, so that the rows that are there are not rewritten.
    op.add_column(
        "tickets", sa.Column("due_at", _TIME, server_default=sa.text("now()"), nullable=False)
    )
    op.drop_index("ix_tickets_waiting", "tickets")
    op.create_index("ix_tickets_waiting", "tickets", ["due_at", "next_at"], postgresql_where=_WAITS)
    op.create_index("ix_decision_history_ticket", "decision_history", ["ticket_id"])
    op.create_table(
        "api_tokens",
        sa.Column("id", sa.Integer(), sa.Identity(always=False), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("role", sa.Text(), nullable=False),
        sa.Column("secret_hash", sa.LargeBinary(), nullable=False),
        sa.Column("created_by", sa.Text(), nullable=False),
        sa.Column("created_at", _TIME, server_default=_NOW, nullable=False),
        sa.Column("expires_at", _TIME, nullable=True),
        sa.Column("last_used_at", _TIME, nullable=True),
        sa.Column("revoked_at", _TIME, nullable=True),
        sa.CheckConstraint(
            "role IN ('helpdesk', 'agent', 'ops', 'approver', 'admin')",
            name=op.f("ck_api_tokens_role"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_api_tokens")),
        sa.UniqueConstraint("secret_hash", name=op.f("uq_api_tokens_secret_hash")),
    )
    op.create_index(
        "uq_api_tokens_name",
        "api_tokens",
        ["name"],
        unique=True,
        postgresql_where=sa.text("revoked_at IS NULL"),
    )
    op.create_table(
        "idempotency_keys",
        sa.Column("token_id", sa.Integer(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("request_hash", sa.LargeBinary(), nullable=False),
        sa.Column("answer", sa.JSON(), nullable=True),
        sa.Column("created_at", _TIME, server_default=_NOW, nullable=False),
        sa.ForeignKeyConstraint(
            ["token_id"], ["api_tokens.id"], name=op.f("fk_idempotency_keys_token_id")
        ),
        sa.PrimaryKeyConstraint("token_id", "key", name=op.f("pk_idempotency_keys")),
    )
    op.create_index("ix_idempotency_keys_created", "idempotency_keys", ["created_at"])


def downgrade() -> None:
    op.drop_table("idempotency_keys")
    op.drop_table("api_tokens")
    op.drop_index("ix_decision_history_ticket", "decision_history")
    op.drop_index("ix_tickets_waiting", "tickets")
    op.create_index("ix_tickets_waiting", "tickets", ["next_at"], postgresql_where=_WAITS)
    op.drop_column("tickets", "due_at")
    op.drop_column("ticket_contents", "deadline")
