"""Models on trial, labels with levels and a past, and what drift checks found."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0003_pre_trials_and_label_life"
down_revision = "0002_pre_learning_loop"
branch_labels = None
depends_on = None

_JSONB = postgresql.JSONB(astext_type=sa.Text())
_TIME = postgresql.TIMESTAMP(timezone=True)
_NAMES = postgresql.ARRAY(sa.Text())
_NOW = sa.text("clock_timestamp()")


def upgrade() -> None:
    for table in ("decisions", "decision_history"):
        for column in ("preselected", "suggested"):
            op.add_column(table, sa.Column(column, _NAMES, server_default="{}", nullable=False))
    op.add_column(
        "labels", sa.Column("automation", sa.Text(), server_default="auto", nullable=False)
    )
    op.add_column("labels", sa.Column("preselect_from", sa.Double(), nullable=True))
    op.add_column("labels", sa.Column("auto_from", sa.Double(), nullable=True))
    op.create_check_constraint(
        op.f("ck_labels_automation"),
        "labels",
        "automation IN ('off', 'shadow', 'suggest', 'preselect', 'auto')",
    )
    op.create_check_constraint(
        op.f("ck_labels_auto_above_preselect"),
        "labels",
        "preselect_from BETWEEN 0 AND 1 AND auto_from BETWEEN 0 AND 1 "
        "AND auto_from >= preselect_from",
    )
    op.create_table(
        "label_moves",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("before", _NAMES, nullable=False),
        sa.Column("after", _NAMES, nullable=False),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.Column("note", sa.Text(), server_default="", nullable=False),
        sa.Column("created_at", _TIME, server_default=_NOW, nullable=False),
        sa.CheckConstraint(
            "kind IN ('add', 'rename', 'merge', 'split', 'retire')",
            name=op.f("ck_label_moves_kind"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_label_moves")),
    )
    op.create_table(
        "trials",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("version", sa.Text(), nullable=False),
        sa.Column("against", sa.Text(), nullable=False),
        sa.Column("stage", sa.Text(), nullable=False),
        sa.Column("share", sa.Double(), server_default=sa.text("0"), nullable=False),
        sa.Column("started_by", sa.Text(), nullable=False),
        sa.Column("started_at", _TIME, server_default=_NOW, nullable=False),
        sa.Column("finding", _JSONB, server_default="{}", nullable=False),
        sa.Column("outcome", sa.Text(), nullable=True),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("ended_at", _TIME, nullable=True),
        sa.CheckConstraint(
            "stage IN ('shadow', 'canary', 'probation')", name=op.f("ck_trials_stage")
        ),
        sa.CheckConstraint("share BETWEEN 0 AND 1", name=op.f("ck_trials_share")),
        sa.CheckConstraint(
            "(outcome IS NULL) = (ended_at IS NULL)", name=op.f("ck_trials_ended_has_outcome")
        ),
        sa.ForeignKeyConstraint(
            ["version"], ["model_versions.version"], name=op.f("fk_trials_version")
        ),
        sa.ForeignKeyConstraint(
            ["against"], ["model_versions.version"], name=op.f("fk_trials_against")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_trials")),
    )
    op.create_index(
        "uq_trials_open",
        "trials",
        [sa.text("(ended_at IS NULL)")],
        unique=True,
        postgresql_where=sa.text("ended_at IS NULL"),
    )
    op.create_table(
        "shadow_decisions",
        sa.Column("ticket_id", sa.Uuid(), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("model_version", sa.Text(), nullable=False),
        sa.Column("primary_department", sa.Text(), nullable=False),
        sa.Column("labels", _NAMES, nullable=False),
        sa.Column("scores", _JSONB, nullable=False),
        sa.Column("decided_at", _TIME, server_default=_NOW, nullable=False),
        sa.PrimaryKeyConstraint(
            "ticket_id", "revision", "model_version", name=op.f("pk_shadow_decisions")
        ),
    )
    op.create_table(
        "drift_reports",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("window", sa.Text(), nullable=False),
        sa.Column("model_version", sa.Text(), nullable=False),
        sa.Column("since", _TIME, nullable=False),
        sa.Column("until", _TIME, nullable=False),
        sa.Column("tickets", sa.Integer(), nullable=False),
        sa.Column("alerts", sa.Integer(), nullable=False),
        sa.Column("findings", _JSONB, nullable=False),
        sa.Column("created_at", _TIME, server_default=_NOW, nullable=False),
        sa.ForeignKeyConstraint(
            ["model_version"],
            ["model_versions.version"],
            name=op.f("fk_drift_reports_model_version"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_drift_reports")),
        sa.UniqueConstraint("window", name=op.f("uq_drift_reports_window")),
    )


def downgrade() -> None:
    for table in ("drift_reports", "shadow_decisions", "trials", "label_moves"):
        op.drop_table(table)
    for name in ("ck_labels_auto_above_preselect", "ck_labels_automation"):
        op.drop_constraint(op.f(name), "labels")
    for column in ("auto_from", "preselect_from", "automation"):
        op.drop_column("labels", column)
    for table in ("decisions", "decision_history"):
        for column in ("suggested", "preselected"):
            op.drop_column(table, column)
