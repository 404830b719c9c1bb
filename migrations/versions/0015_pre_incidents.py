"""Storms of tickets as incidents; reports on the labels, and what people said of them."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0015_pre_incidents"
down_revision = "0014_pre_imports"
branch_labels = None
depends_on = None

_TIME = postgresql.TIMESTAMP(timezone=True)
_NOW = sa.text("clock_timestamp()")
_WORDS = postgresql.ARRAY(sa.Text())
_TABLES = ("label_verdicts", "label_reports", "incident_tickets", "incidents", "ticket_sketches")


def upgrade() -> None:
    _make_incidents()
    _make_reports()


def downgrade() -> None:
    for table in _TABLES:
        op.drop_table(table)


def _make_incidents() -> None:
    op.create_table(
        "ticket_sketches",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("ticket_id", sa.Uuid(), nullable=False),
        sa.Column("sketch", sa.LargeBinary(), nullable=False),
        sa.Column("noted_at", _TIME, server_default=_NOW, nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_ticket_sketches")),
        prefixes=["UNLOGGED"],
    )
    op.create_index("ix_ticket_sketches_ticket", "ticket_sketches", ["ticket_id"])
    op.create_table(
        "incidents",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("department", sa.Text(), nullable=False),
        sa.Column("labels", _WORDS, nullable=False),
        sa.Column("policies", _WORDS, nullable=False),
        sa.Column("sketch", sa.LargeBinary(), nullable=False),
        sa.Column("opened_at", _TIME, server_default=_NOW, nullable=False),
        sa.Column("closed_at", _TIME, nullable=True),
        sa.Column("closed_by", sa.Text(), nullable=True),
        sa.CheckConstraint(
            "closed_by IS NULL OR closed_at IS NOT NULL", name=op.f("ck_incidents_closed_whole")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_incidents")),
    )
    op.create_index(
        "ix_incidents_open",
        "incidents",
        ["id"],
        postgresql_where=sa.text("closed_at IS NULL"),
    )
    op.create_table(
        "incident_tickets",
        sa.Column("ticket_id", sa.Uuid(), nullable=False),
        sa.Column("incident_id", sa.BigInteger(), nullable=False),
        sa.Column("joined_at", _TIME, server_default=_NOW, nullable=False),
        sa.ForeignKeyConstraint(
            ["incident_id"], ["incidents.id"], name=op.f("fk_incident_tickets_incident_id")
        ),
        sa.PrimaryKeyConstraint("ticket_id", name=op.f("pk_incident_tickets")),
    )
    op.create_index(
        "ix_incident_tickets_incident", "incident_tickets", ["incident_id", "ticket_id"]
    )


def _make_reports() -> None:
    op.create_table(
        "label_reports",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("window", sa.Text(), nullable=False),
        sa.Column("model_version", sa.Text(), nullable=False),
        sa.Column("since", _TIME, nullable=False),
        sa.Column("until", _TIME, nullable=False),
        sa.Column("tickets", sa.Integer(), nullable=False),
        sa.Column("gaps", postgresql.JSONB(), nullable=False),
        sa.Column("overlaps", postgresql.JSONB(), nullable=False),
        sa.Column("created_at", _TIME, server_default=_NOW, nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_label_reports")),
        sa.UniqueConstraint("window", name=op.f("uq_label_reports_window")),
    )
    op.create_table(
        "label_verdicts",
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("terms", _WORDS, nullable=False),
        sa.Column("label", sa.Text(), nullable=True),
        sa.Column("decided_by", sa.Text(), nullable=False),
        sa.Column("decided_at", _TIME, server_default=_NOW, nullable=False),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_label_verdicts")),
    )
