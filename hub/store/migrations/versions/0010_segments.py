"""Segments: who was in which of them, and when."""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"

BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
KEY = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")


def upgrade() -> None:
    """Add the table; the next run finds everybody's segments."""
    op.create_table(
        "segment_members",
        sa.Column("golden_id", KEY, nullable=False),
        sa.Column("segment", KEY, nullable=False),
        sa.Column("since", BIG, nullable=False, autoincrement=False),
        sa.Column("until", BIG),
        sa.Column("version", BIG, nullable=False),
        sa.PrimaryKeyConstraint("golden_id", "segment", "since", name="pk_segment_members"),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_segment_members_segment_since", "segment_members", ["segment", "since"])
    op.create_index(
        "ix_segment_members_today",
        "segment_members",
        ["segment"],
        sqlite_where=sa.text("until IS NULL"),
        postgresql_where=sa.text("until IS NULL"),
    )
