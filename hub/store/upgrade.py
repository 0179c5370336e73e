"""The schema of a database: made whole in an empty one, brought forward in an older one.

Either way in one transaction, so that a killed upgrade leaves what was there. An empty database
gets its tables from :mod:`hub.store.schema`: the revisions lead to the very same ones, as a test
shows, but they take longer and need alembic.
"""

from __future__ import annotations

import threading
from pathlib import Path

from sqlalchemy import (
    Column,
    Connection,
    MetaData,
    PrimaryKeyConstraint,
    String,
    Table,
    inspect,
    text,
)

from hub.core.errors import StoreError
from hub.store import view_sql
from hub.store.engine import Store
from hub.store.schema import metadata

HEAD = "0013"
"""Revision that this version of the hub writes; a test holds it equal to the newest file."""

_LOCK = 0x6378687562
"""Advisory lock under which one process migrates while the others wait."""

_alembic_at_a_time = threading.Lock()  # its context is global to the process

_MIGRATIONS = Path(__file__).parent / "migrations"

_revision = Table(  # as alembic makes it
    "alembic_version",
    MetaData(),
    Column("version_num", String(32), nullable=False),
    PrimaryKeyConstraint("version_num", name="alembic_version_pkc"),
)


def upgrade(store: Store) -> str:
    """Bring the schema to :data:`HEAD`; returns the revision that was there before ("" if none).

    Raises:
        StoreError: If a newer hub wrote this database.
    """
    with store.read() as connection:
        before = current(connection)
    if before == HEAD:
        return before
    if before and not any((_MIGRATIONS / "versions").glob(f"{before}_*.py")):
        raise StoreError(
            f"the database has schema {before}, this hub knows up to {HEAD}. Install the newer"
            " cxhub, or restore a backup of the older database",
            code="HUB-516",
        )
    with _alembic_at_a_time, store.write() as connection:
        if not store.is_sqlite:  # SQLite's writer lock does the same
            connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _LOCK})
        found = current(connection)  # another process may have been first
        if found != HEAD:
            _bring_forward(connection) if found else _create(connection)
            view_sql.create(connection)
    return before


def current(connection: Connection) -> str:
    """The schema revision of the database, "" when it is empty."""
    if not inspect(connection).has_table("alembic_version"):
        return ""
    return str(connection.execute(text("SELECT version_num FROM alembic_version")).scalar() or "")


def _create(connection: Connection) -> None:
    metadata.create_all(connection, checkfirst=False)
    _revision.create(connection)
    connection.execute(_revision.insert().values(version_num=HEAD))


def _bring_forward(connection: Connection) -> None:
    # Imported here: alembic costs 150 ms, and nearly every command finds the schema current.
    from alembic import command
    from alembic.config import Config

    view_sql.drop(connection)  # PostgreSQL alters no column that a view reads
    config = Config()
    config.set_main_option("script_location", str(_MIGRATIONS))
    config.attributes["connection"] = connection
    command.upgrade(config, "head")
