"""Transactions of the store: what becomes of one whose process is paused inside it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from sqlalchemy import Connection, text

from hub.core.errors import StoreConflict
from hub.store.engine import PAUSE_SECONDS, Store

pytestmark = pytest.mark.postgres
_LIMIT = text("SHOW idle_in_transaction_session_timeout")


@pytest.fixture
def store(postgres_databases) -> Iterator[Store]:
    store = Store.open(postgres_databases.migrated())
    yield store
    store.close()


def silent_for_a_moment(connection: Connection) -> None:
    """Waits, on a connection of its own, until the server has ended this one's session."""
    pid = connection.execute(text("SELECT pg_backend_pid()")).scalar_one()
    connection.exec_driver_sql("SET LOCAL idle_in_transaction_session_timeout = '20ms'")
    with connection.engine.connect() as other:
        gone = text("SELECT NOT EXISTS (SELECT FROM pg_stat_activity WHERE pid = :pid)")
        while not other.execute(gone, {"pid": pid}).scalar_one():
            other.rollback()


def test_a_write_that_was_paused_loses_its_locks_and_says_so(store: Store) -> None:
    """Whoever takes over from a paused process must not wait for it; it finds nothing written."""
    with pytest.raises(StoreConflict, match="paused"), store.write() as connection:
        connection.exec_driver_sql("INSERT INTO meta (key, value) VALUES ('late', '1')")
        silent_for_a_moment(connection)
        connection.exec_driver_sql("SELECT 1")

    with store.read() as connection:
        assert connection.execute(text("SELECT 1 FROM meta WHERE key = 'late'")).first() is None


def test_only_writes_are_ended_for_silence(store: Store) -> None:
    """An export that is read at leisure locks nothing and goes on."""
    with store.write() as connection:
        writing = connection.execute(_LIMIT).scalar_one()
    with store.read() as connection:
        reading = connection.execute(_LIMIT).scalar_one()

    assert (writing, reading) == (f"{PAUSE_SECONDS}s", "0")
