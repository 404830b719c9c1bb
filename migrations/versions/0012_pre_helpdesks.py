"""Connections to helpdesks."""

revision = "0012_pre_helpdesks"
down_revision = "0011_pre_deliveries"
branch_labels = None
depends_on = None


def upgrade() -> None:
    pass


def downgrade() -> None:
    pass
