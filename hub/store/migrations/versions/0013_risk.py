"""Risk as a stage: what timelines say, and when a risk became high."""

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"

BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
KEY = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")


def upgrade() -> None:
    """Add the tables; everybody's timeline is read for them in the next run."""
    op.create_table(
        "assessments",
        sa.Column("golden_id", KEY, nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("golden_id", name="pk_assessments"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "risk_rises",
        sa.Column("party_rid", BIG, nullable=False, autoincrement=False),
        sa.Column("at", BIG, nullable=False, autoincrement=False),
        sa.Column("since", BIG, nullable=False),
        sa.Column("points", BIG, nullable=False),
        sa.Column("reasons", sa.LargeBinary(), nullable=False),
        sa.Column("ended_at", BIG),
        sa.PrimaryKeyConstraint("party_rid", "at", name="pk_risk_rises"),
        sqlite_with_rowid=False,
    )
