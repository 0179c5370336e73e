"""What was decided about a withdrawal, or refused by a system, with what that decision rests on."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    """Add both columns; what was judged per refusal, not per permission, is judged anew."""
    op.add_column("withdrawals", sa.Column("rests_on", sa.Text(), nullable=True))
    op.add_column("outbox", sa.Column("rests_on", sa.Text(), nullable=True))
    op.execute("DELETE FROM withdrawals WHERE status = 'moot' AND purpose = '*'")
