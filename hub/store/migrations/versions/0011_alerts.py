"""Alerts on their way to routes that may be out of reach."""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"

BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
KEY = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")


def upgrade() -> None:
    """Add the table; events that stand in the file of alerts already stay noted as told."""
    op.create_table(
        "alerts",
        sa.Column("route", KEY, nullable=False),
        sa.Column("event", KEY, nullable=False),
        sa.Column("at", BIG, nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.Column("attempts", BIG, nullable=False),
        sa.Column("batch", KEY),
        sa.Column("error", sa.Text()),
        sa.PrimaryKeyConstraint("route", "event", name="pk_alerts"),
        sqlite_with_rowid=False,
    )
