"""Erasure, retention and redaction."""

revision = "0007_pre_privacy"
down_revision = "0006_pre_people"
branch_labels = None
depends_on = None


def upgrade() -> None:
    pass


def downgrade() -> None:
    pass
