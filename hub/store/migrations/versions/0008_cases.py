"""Cases: who was told what after an answer that asks for a reply."""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"

BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
KEY = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")


def upgrade() -> None:
    """Add the tables; answers that were read before get their cases in the next run."""
    op.create_table(
        "cases",
        sa.Column("case_id", KEY, nullable=False),
        sa.Column("rid", BIG, nullable=False),
        sa.Column("party_rid", BIG, nullable=False),
        sa.Column("rule", KEY, nullable=False),
        sa.Column("team", sa.Text(), nullable=False),
        sa.Column("state", KEY, nullable=False),
        sa.Column("reason", KEY),
        sa.Column("joined_to", KEY),
        sa.Column("owner", sa.Text()),
        sa.Column("at", BIG, nullable=False),
        sa.Column("opened_at", BIG, nullable=False),
        sa.Column("due_at", BIG, nullable=False),
        sa.Column("informed_at", BIG),
        sa.Column("message", sa.Text()),
        sa.Column("settled_at", BIG),
        sa.Column("escalated_at", BIG),
        sa.Column("steps", BIG, nullable=False),
        sa.PrimaryKeyConstraint("case_id", name="pk_cases"),
    )
    op.create_index("ix_cases_rid", "cases", ["rid"])
    op.create_index("ix_cases_party_rid", "cases", ["party_rid"])
    op.create_index("ix_cases_state_due_at", "cases", ["state", "due_at"])
    op.create_table(
        "case_answers",
        sa.Column("rid", BIG, nullable=False, autoincrement=False),
        sa.Column("case_id", KEY, nullable=False),
        sa.PrimaryKeyConstraint("rid", name="pk_case_answers"),
    )
    op.create_index("ix_case_answers_case_id", "case_answers", ["case_id"])
    op.create_table(
        "case_events",
        sa.Column("case_id", KEY, nullable=False),
        sa.Column("number", BIG, nullable=False, autoincrement=False),
        sa.Column("at", BIG, nullable=False),
        sa.Column("kind", KEY, nullable=False),
        sa.Column("actor", KEY, nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.Column("alerted", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("case_id", "number", name="pk_case_events"),
        sqlite_with_rowid=False,
    )
    op.create_index(
        "ix_case_events_unheard",
        "case_events",
        ["at"],
        sqlite_where=sa.text("alerted = 0"),
        postgresql_where=sa.text("NOT alerted"),
    )
