"""Explanations asked for by people and made by workers."""

revision = "0008_pre_explanations"
down_revision = "0007_pre_privacy"
branch_labels = None
depends_on = None


def upgrade() -> None:
    pass


def downgrade() -> None:
    pass
