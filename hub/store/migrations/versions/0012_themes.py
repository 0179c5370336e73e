"""Themes: what customers speak of, which of it rose, and what is done about it."""

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"

BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
KEY = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")


def upgrade() -> None:
    """Add the tables; texts that were read before are read for themes in the next run."""
    op.create_table(
        "theme_mentions",
        sa.Column("rid", BIG, nullable=False, autoincrement=False),
        sa.Column("theme", KEY, nullable=False),
        sa.PrimaryKeyConstraint("rid", "theme", name="pk_theme_mentions"),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_theme_mentions_theme", "theme_mentions", ["theme"])
    op.create_table(
        "improvements",
        sa.Column("improvement_id", KEY, nullable=False),
        sa.Column("theme", KEY, nullable=False),
        sa.Column("week", BIG, nullable=False),
        sa.Column("state", KEY, nullable=False),
        sa.Column("found_at", BIG, nullable=False),
        sa.Column("evidence", sa.LargeBinary(), nullable=False),
        sa.Column("owner", sa.Text()),
        sa.Column("owned_at", BIG),
        sa.Column("due_at", BIG),
        sa.Column("action", sa.Text()),
        sa.Column("acted_at", BIG),
        sa.Column("told", BIG),
        sa.Column("message", sa.Text()),
        sa.Column("told_at", BIG),
        sa.Column("result", sa.LargeBinary()),
        sa.Column("settled_at", BIG),
        sa.Column("steps", BIG, nullable=False),
        sa.PrimaryKeyConstraint("improvement_id", name="pk_improvements"),
    )
    op.create_index("ix_improvements_state", "improvements", ["state"])
    op.create_table(
        "improvement_events",
        sa.Column("improvement_id", KEY, nullable=False),
        sa.Column("number", BIG, nullable=False, autoincrement=False),
        sa.Column("at", BIG, nullable=False),
        sa.Column("kind", KEY, nullable=False),
        sa.Column("actor", KEY, nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("improvement_id", "number", name="pk_improvement_events"),
        sqlite_with_rowid=False,
    )
