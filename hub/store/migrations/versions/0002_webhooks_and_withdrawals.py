"""Deliveries that wait for their turn, and refusals on their way into other systems."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"

BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
KEY = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")


def upgrade() -> None:
    """Give the inbox its content (nothing has written to it so far); add the withdrawals."""
    op.drop_table("inbox")
    op.create_table(
        "inbox",
        sa.Column("connection", KEY, nullable=False),
        sa.Column("event_id", KEY, nullable=False),
        sa.Column("webhook", KEY, nullable=False),
        sa.Column("status", KEY, nullable=False),
        sa.Column("delivery", sa.LargeBinary(), nullable=True),
        sa.Column("error", sa.Text(), nullable=True),
        sa.Column("received_at", BIG, nullable=False),
        sa.Column("settled_at", BIG, nullable=True),
        sa.PrimaryKeyConstraint("connection", "event_id", name="pk_inbox"),
    )
    waiting = sa.text("status = 'waiting'")
    op.create_index(
        "ix_inbox_waiting",
        "inbox",
        ["connection", "received_at"],
        sqlite_where=waiting,
        postgresql_where=waiting,
    )
    op.create_table(
        "withdrawals",
        sa.Column("withdrawal_id", BIG, autoincrement=False, nullable=False),
        sa.Column("connection", KEY, nullable=False),
        sa.Column("rid", BIG, nullable=False),
        sa.Column("event_id", KEY, nullable=False),
        sa.Column("golden_id", KEY, nullable=False),
        sa.Column("purpose", KEY, nullable=False),
        sa.Column("channel", KEY, nullable=False),
        sa.Column("point", sa.LargeBinary(), nullable=True),
        sa.Column("status", KEY, nullable=False),
        sa.Column("attempts", BIG, nullable=False),
        sa.Column("reference", sa.Text(), nullable=True),
        sa.Column("error", sa.Text(), nullable=True),
        sa.Column("created_at", BIG, nullable=False),
        sa.Column("sent_at", BIG, nullable=True),
        sa.Column("echoed_at", BIG, nullable=True),
        sa.Column("updated_at", BIG, nullable=False),
        sa.PrimaryKeyConstraint("withdrawal_id", name="pk_withdrawals"),
        sa.UniqueConstraint(
            "rid", "event_id", "purpose", "channel",
            name="uq_withdrawals_rid_event_id_purpose_channel",
        ),
    )  # fmt: skip
    unsettled = sa.text("status NOT IN ('done', 'moot')")
    op.create_index(
        "ix_withdrawals_open",
        "withdrawals",
        ["connection", "status"],
        sqlite_where=unsettled,
        postgresql_where=unsettled,
    )
