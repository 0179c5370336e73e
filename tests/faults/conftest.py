"""The ground that all hubs of a session stand on."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.faults.harness import Ground, Outcome, play

if TYPE_CHECKING:
    from tests.conftest import SqliteDatabases


@pytest.fixture(scope="session")
def ground(tmp_path_factory: pytest.TempPathFactory) -> Ground:
    """A small business and its files."""
    return Ground.prepare(tmp_path_factory.mktemp("ground") / "business")


@pytest.fixture(scope="session")
def undisturbed(
    ground: Ground, sqlite_databases: SqliteDatabases, tmp_path_factory: pytest.TempPathFactory
) -> Outcome:
    """A hub on that ground that nobody killed."""
    return play(ground, sqlite_databases.migrated(), tmp_path_factory.mktemp("undisturbed"))
