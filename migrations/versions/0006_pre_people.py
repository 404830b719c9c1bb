"""People who sign in, their sessions; scopes and rotation of tokens."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0006_pre_people"
down_revision = "0005_pre_review_queue"
branch_labels = None
depends_on = None

_TIME = postgresql.TIMESTAMP(timezone=True)
_NOW = sa.text("clock_timestamp()")


def upgrade() -> None:
    op.create_table(
        "people",
        sa.Column("id", sa.Integer(), sa.Identity(always=False), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("role", sa.Text(), nullable=False),
        sa.Column("password_hash", sa.Text(), nullable=True),
        sa.Column("oidc_issuer", sa.Text(), nullable=True),
        sa.Column("oidc_subject", sa.Text(), nullable=True),
        sa.Column("version", sa.Integer(), server_default=sa.text("1"), nullable=False),
        sa.Column("failed_attempts", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("locked_until", _TIME, nullable=True),
        sa.Column("created_by", sa.Text(), nullable=False),
        sa.Column("created_at", _TIME, server_default=_NOW, nullable=False),
        sa.Column("signed_in_at", _TIME, nullable=True),
        sa.Column("disabled_at", _TIME, nullable=True),
        sa.CheckConstraint(
            "role IN ('helpdesk', 'agent', 'ops', 'approver', 'admin')",
            name=op.f("ck_people_role"),
        ),
        sa.CheckConstraint(
            "(oidc_issuer IS NULL) = (oidc_subject IS NULL)", name=op.f("ck_people_oidc_complete")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_people")),
    )
    op.create_index("uq_people_name", "people", [sa.text("lower(name)")], unique=True)
    op.create_index("uq_people_oidc", "people", ["oidc_issuer", "oidc_subject"], unique=True)
    op.create_table(
        "sessions",
        sa.Column("secret_hash", sa.LargeBinary(), nullable=False),
        sa.Column("person_id", sa.Integer(), nullable=False),
        sa.Column("created_at", _TIME, server_default=_NOW, nullable=False),
        sa.Column("seen_at", _TIME, server_default=_NOW, nullable=False),
        sa.ForeignKeyConstraint(["person_id"], ["people.id"], name=op.f("fk_sessions_person_id")),
        sa.PrimaryKeyConstraint("secret_hash", name=op.f("pk_sessions")),
    )
    op.create_index("ix_sessions_person", "sessions", ["person_id"])
    op.add_column("api_tokens", sa.Column("scopes", postgresql.ARRAY(sa.Text()), nullable=True))
    op.add_column("api_tokens", sa.Column("old_secret_hash", sa.LargeBinary(), nullable=True))
    op.add_column("api_tokens", sa.Column("old_secret_until", _TIME, nullable=True))
    op.create_unique_constraint(
        op.f("uq_api_tokens_old_secret_hash"), "api_tokens", ["old_secret_hash"]
    )
    _let_people_use_keys()


def _let_people_use_keys() -> None:
    """A key belongs to a token or to a person; the table holds a day of them and is rewritten."""
    op.drop_constraint("pk_idempotency_keys", "idempotency_keys")
    op.alter_column("idempotency_keys", "token_id", nullable=True)
    op.add_column(
        "idempotency_keys",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
    )
    op.create_primary_key("pk_idempotency_keys", "idempotency_keys", ["id"])
    op.add_column("idempotency_keys", sa.Column("person_id", sa.Integer(), nullable=True))
    op.create_foreign_key(
        op.f("fk_idempotency_keys_person_id"), "idempotency_keys", "people", ["person_id"], ["id"]
    )
    op.create_check_constraint(
        op.f("ck_idempotency_keys_one_caller"),
        "idempotency_keys",
        "num_nonnulls(token_id, person_id) = 1",
    )
    for who in ("token", "person"):
        op.create_index(
            f"uq_idempotency_keys_{who}", "idempotency_keys", [f"{who}_id", "key"], unique=True
        )


def downgrade() -> None:
    op.execute("DELETE FROM idempotency_keys WHERE token_id IS NULL")
    op.drop_index("uq_idempotency_keys_token", "idempotency_keys")
    op.drop_column("idempotency_keys", "person_id")
    op.drop_column("idempotency_keys", "id")
    op.alter_column("idempotency_keys", "token_id", nullable=False)
    op.create_primary_key("pk_idempotency_keys", "idempotency_keys", ["token_id", "key"])
    for column in ("scopes", "old_secret_hash", "old_secret_until"):
        op.drop_column("api_tokens", column)
    op.drop_table("sessions")
    op.drop_table("people")
