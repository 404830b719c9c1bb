"""People who sign in, their sessions, and changes that wait for a second person."""

revision = "0006_pre_people"
down_revision = "0005_pre_review_queue"
branch_labels = None
depends_on = None


def upgrade() -> None:
    pass


def downgrade() -> None:
    pass
