"""Consent events name the record that said so, and which version of it."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"

BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Add both; of earlier events they are not known."""
    op.add_column("consent_events", sa.Column("said_by", BIG, nullable=True))
    op.add_column("consent_events", sa.Column("version", BIG, nullable=True))
