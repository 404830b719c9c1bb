"""Counts of decisions by the hour."""

revision = "0013_pre_stats"
down_revision = "0012_pre_helpdesks"
branch_labels = None
depends_on = None


def upgrade() -> None:
    pass


def downgrade() -> None:
    pass
