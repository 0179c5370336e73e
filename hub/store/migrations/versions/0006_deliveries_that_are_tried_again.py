"""Deliveries that could not be used are tried again; runs are on record from their beginning."""

import base64

import orjson
import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"

BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Find the runs at work, count the tries, and spell waiting contents as objects, not lists."""
    running = sa.text("status = 'running'")
    op.create_index(
        "ix_runs_running",
        "runs",
        ["connection", "stream"],
        sqlite_where=running,
        postgresql_where=running,
    )
    op.add_column("inbox", sa.Column("attempts", BIG, nullable=False, server_default=sa.text("0")))
    op.add_column("inbox", sa.Column("not_before", BIG, nullable=True))
    connection = op.get_bind()
    table = sa.table("inbox", *(sa.column(name) for name in ("connection", "event_id", "delivery")))
    waiting = sa.select(table).where(table.c.delivery.is_not(None))
    for name, event_id, delivery in connection.execute(waiting).all():
        row = (table.c.connection == name, table.c.event_id == event_id)
        connection.execute(sa.update(table).where(*row).values(delivery=_spelled(delivery)))


def _spelled(delivery: bytes) -> bytes:
    method, url, headers, coded = orjson.loads(delivery)
    told = {"method": method, "url": url, "headers": headers}
    try:
        return orjson.dumps(told | {"body": base64.b64decode(coded).decode()})
    except UnicodeDecodeError:
        return orjson.dumps(told | {"base64": coded})
