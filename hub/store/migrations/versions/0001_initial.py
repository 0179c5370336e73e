"""The first schema."""

from alembic import op

from hub.store import view_sql
from hub.store.schema import metadata

revision = "0001"
down_revision = None


def upgrade() -> None:
    """Create every table, and the views over them."""
    metadata.create_all(op.get_bind())
    view_sql.create(op.get_bind())
