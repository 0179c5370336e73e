"""A store on the quicker database; that both agree is for the tests of the store to show."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from hub.core.clock import ManualClock
from hub.store.engine import Store
from tests.conftest import SqliteDatabases


@pytest.fixture
def sqlite_store(sqlite_databases: SqliteDatabases, clock: ManualClock) -> Iterator[Store]:
    """An open store with every table and no row, on ``clock``."""
    store = Store.open(sqlite_databases.migrated(), clock=clock)
    yield store
    store.close()
