"""Changes that wait for a second person, and the audit log's chain."""

revision = "0009_pre_control"
down_revision = "0008_pre_explanations"
branch_labels = None
depends_on = None


def upgrade() -> None:
    pass


def downgrade() -> None:
    pass
