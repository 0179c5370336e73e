"""The suite itself: no test sees what another left behind."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from sqlalchemy import func, inspect, select

from hub.store.engine import Store
from hub.store.schema import id_blocks

if TYPE_CHECKING:
    from tests.conftest import Databases, PostgresDatabases


@pytest.mark.postgres
def test_a_recycled_database_is_empty_although_a_test_left_it_open(
    postgres_databases: PostgresDatabases,
) -> None:
    """A test that dies with its store open must not block or feed the next one."""
    url = postgres_databases.migrated()
    left_open = Store.open(url)
    left_open.allocate("rid", 1)

    postgres_databases.recycle()
    again = postgres_databases.migrated()

    assert again == url
    store = Store.open(again)
    with store.read() as connection:
        assert connection.execute(select(func.count()).select_from(id_blocks)).scalar_one() == 0
    store.close()
    left_open.close()


def test_an_empty_database_has_no_table(databases: Databases) -> None:
    """Tests of migrations start before the first one."""
    store = Store.open(databases.empty())

    tables = inspect(store.engine).get_table_names()

    store.close()
    assert tables == []


def test_two_databases_of_one_test_are_two(databases: Databases) -> None:
    """What one store writes, the other does not see."""
    first, second = (Store.open(databases.migrated()) for _ in range(2))
    first.allocate("rid", 1)

    with second.read() as connection:
        seen = connection.execute(select(func.count()).select_from(id_blocks)).scalar_one()

    first.close()
    second.close()
    assert seen == 0
