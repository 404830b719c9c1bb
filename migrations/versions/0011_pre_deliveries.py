"""Endpoints that events are delivered to, deliveries and their attempts."""

revision = "0011_pre_deliveries"
down_revision = "0010_pre_feedback"
branch_labels = None
depends_on = None


def upgrade() -> None:
    pass


def downgrade() -> None:
    pass
