"""Handovers: tasks and notes that systems are handed once; tickets in cases."""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"

BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
KEY = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")


def upgrade() -> None:
    """Add the table and what is noted of tickets; open cases get their tasks in the next run."""
    op.create_table(
        "handovers",
        sa.Column("key", KEY, nullable=False),
        sa.Column("kind", KEY, nullable=False),
        sa.Column("about", KEY, nullable=False),
        sa.Column("connection", KEY, nullable=False),
        sa.Column("rid", BIG),
        sa.Column("golden_id", KEY),
        sa.Column("status", KEY, nullable=False),
        sa.Column("over", sa.Boolean(), nullable=False),
        sa.Column("digest", sa.LargeBinary()),
        sa.Column("sent", sa.LargeBinary()),
        sa.Column("parts", sa.Text()),
        sa.Column("outbox_id", BIG),
        sa.Column("decision", KEY),
        sa.Column("reference", sa.Text()),
        sa.Column("error", sa.Text()),
        sa.Column("attempts", BIG, nullable=False),
        sa.Column("created_at", BIG, nullable=False),
        sa.Column("sent_at", BIG),
        sa.Column("updated_at", BIG, nullable=False),
        sa.PrimaryKeyConstraint("key", name="pk_handovers"),
    )
    op.create_index("ix_handovers_about", "handovers", ["about"])
    op.create_index(
        "ix_handovers_open",
        "handovers",
        ["connection", "kind", "status"],
        sqlite_where=sa.text("NOT over"),
        postgresql_where=sa.text("NOT over"),
    )
    for name in ("at", "times"):
        op.add_column("case_answers", sa.Column(name, BIG))
