"""Changes that wait for a second person, and the audit log's chain of hashes."""

import hashlib
import json

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0009_pre_control"
down_revision = "0008_pre_explanations"
branch_labels = None
depends_on = None

_TIME = postgresql.TIMESTAMP(timezone=True)
_GENESIS = bytes(32)
_ONLY_APPEND = """
CREATE FUNCTION audit_log_only_appends() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF TG_OP = 'DELETE' AND current_setting('pointsman.audit_retention', true) = 'on' THEN
    RETURN OLD;
  END IF;
  RAISE EXCEPTION 'the audit log is only appended to';
END $$
"""
_TRIGGER = """
CREATE TRIGGER audit_log_only_appends BEFORE UPDATE OR DELETE ON audit_log
FOR EACH ROW EXECUTE FUNCTION audit_log_only_appends()
"""


def upgrade() -> None:
    op.add_column("audit_log", sa.Column("previous", sa.LargeBinary()))
    op.add_column("audit_log", sa.Column("hash", sa.LargeBinary()))
    _chain()
    op.alter_column("audit_log", "previous", nullable=False)
    op.alter_column("audit_log", "hash", nullable=False)
    op.create_unique_constraint(op.f("uq_audit_log_previous"), "audit_log", ["previous"])
    op.execute(_ONLY_APPEND)
    op.execute(_TRIGGER)
    op.create_table(
        "proposals",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("change", sa.Text(), nullable=False),
        sa.Column("body", postgresql.JSONB(), nullable=False),
        sa.Column("note", sa.Text(), server_default="", nullable=False),
        sa.Column("proposed_by", sa.Text(), nullable=False),
        sa.Column("proposed_at", _TIME, server_default=sa.func.clock_timestamp(), nullable=False),
        sa.Column("verdict", sa.Text(), nullable=True),
        sa.Column("decided_by", sa.Text(), nullable=True),
        sa.Column("decided_at", _TIME, nullable=True),
        sa.Column("reason", sa.Text(), server_default="", nullable=False),
        sa.CheckConstraint(
            "verdict IN ('approved', 'rejected', 'withdrawn')", name=op.f("ck_proposals_verdict")
        ),
        sa.CheckConstraint(
            "verdict IS DISTINCT FROM 'approved' OR decided_by <> proposed_by",
            name=op.f("ck_proposals_two_people"),
        ),
        sa.CheckConstraint(
            "(verdict IS NULL) = (decided_by IS NULL) AND (verdict IS NULL) = (decided_at IS NULL)",
            name=op.f("ck_proposals_decided_whole"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_proposals")),
    )


def downgrade() -> None:
    op.drop_table("proposals")
    op.execute("DROP TRIGGER audit_log_only_appends ON audit_log")
    op.execute("DROP FUNCTION audit_log_only_appends")
    op.drop_constraint(op.f("uq_audit_log_previous"), "audit_log")
    op.drop_column("audit_log", "hash")
    op.drop_column("audit_log", "previous")


def _chain() -> None:
    """Chains what was written before; as `store.access.audit` does, frozen here."""
    bind, previous = op.get_bind(), _GENESIS
    rows = bind.execute(
        sa.text("SELECT id, at, actor, action, subject, detail FROM audit_log ORDER BY id")
    )
    for row in rows.mappings().all():
        entry = {**row, "at": row["at"].isoformat(timespec="microseconds")}
        line = json.dumps(entry, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
        link = hashlib.sha256(previous + line.encode()).digest()
        bind.execute(
            sa.text("UPDATE audit_log SET previous = :previous, hash = :hash WHERE id = :id"),
            {"previous": previous, "hash": link, "id": row["id"]},
        )
        previous = link
