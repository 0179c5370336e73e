"""Models that tell how a text sounds, trained on the business's own answers."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"

BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
KEY = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")


def upgrade() -> None:
    """Add the table; no text was scored before."""
    op.create_table(
        "text_models",
        sa.Column("model_id", KEY, nullable=False),
        sa.Column("language", KEY, nullable=False),
        sa.Column("trained_at", BIG, nullable=False),
        sa.Column("card", sa.LargeBinary(), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("model_id", name="pk_text_models"),
    )
