"""The store: one engine, SQLite or PostgreSQL, with the same transactions on both.

SQLite runs in WAL mode with ``synchronous=FULL`` and explicit ``BEGIN IMMEDIATE``: with the
default deferred transactions two writers were measured losing updates. One in-process lock keeps
writers of this process in a queue instead of in SQLite's busy loop.
"""

from __future__ import annotations

import os
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy import Connection, Engine, create_engine, event, text
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError, DBAPIError, IntegrityError, OperationalError

from hub.core.clock import Clock, SystemClock
from hub.core.errors import ConfigError, StoreConflict, StoreError

if TYPE_CHECKING:
    from sqlalchemy.engine.interfaces import DBAPIConnection
    from sqlalchemy.pool import ConnectionPoolEntry

BUSY_MILLIS = 30_000
CACHE_KIB = 8_192
"""Page cache of each SQLite connection; the file cache of the system does the rest."""
ID_BLOCK = 10_000
PAUSE_SECONDS = 30
"""PostgreSQL ends a write transaction that is silent for so long: a process that is paused inside
one would otherwise keep its row locks, and with them everybody who could take over from it."""

# sqlite3 asks for an adapter of every bytes and bool value; where there is none it raises and drops
# an exception for each, which is half the time of an insert. Both are what they are adapted to.
sqlite3.register_adapter(bytes, bytes)
sqlite3.register_adapter(bool, int)


class Store:
    """The hub's database.

    Args:
        engine: SQLAlchemy engine, prepared by :meth:`open`.
        clock: Source of time for rows that the store stamps itself.
    """

    def __init__(self, engine: Engine, clock: Clock) -> None:
        self.engine = engine
        self.clock = clock
        self.is_sqlite = engine.dialect.name == "sqlite"
        self._writer = threading.Lock()
        self._blocks: dict[str, tuple[int, int]] = {}
        self._blocks_lock = threading.Lock()

    @classmethod
    def open(cls, url: str, clock: Clock | None = None) -> Store:
        """The store under a database URL; nothing is created but SQLite's folder.

        Raises:
            ConfigError: If the URL is not one that the hub can use.
        """
        try:
            parsed = make_url(url)
        except ArgumentError as err:
            raise ConfigError(f"store.url is not a database URL: {err}", code="HUB-210") from err
        backend = parsed.get_backend_name()
        if backend == "sqlite":
            engine = _sqlite_engine(url, parsed.database)
        elif backend == "postgresql":
            engine = _postgresql_engine(url)
        else:
            raise ConfigError(
                f"store.url names {backend}; the hub runs on sqlite or postgresql", code="HUB-210"
            )
        return cls(engine, clock or SystemClock())

    @contextmanager
    def write(self) -> Iterator[Connection]:
        """One read-write transaction: committed on leaving, rolled back whole on an exception.

        Raises:
            StoreError: If the database is locked, full, read-only or gone.
        """
        with self._writer if self.is_sqlite else nullcontext(), self._translated():
            connection = self.engine.connect().execution_options(hub_write=True)
            with connection, connection.begin():
                yield connection

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """One consistent view for reading.

        Raises:
            StoreError: If the database is out of reach.
        """
        with self._translated(), self.engine.connect() as connection:
            if not self.is_sqlite:
                connection = connection.execution_options(isolation_level="REPEATABLE READ")
            with connection.begin():
                if not self.is_sqlite:  # it locks no row, and an export may be read at leisure
                    connection.exec_driver_sql("SET LOCAL idle_in_transaction_session_timeout = 0")
                yield connection

    def allocate(self, name: str, count: int) -> range:
        """``count`` fresh row ids of ``name``, never given twice; gaps are normal.

        Blocks of ids are taken in a transaction of their own, so that no page commit waits for a
        counter row (hi-lo allocation). Call it outside of a write transaction.
        """
        with self._blocks_lock:
            start, end = self._blocks.get(name, (0, 0))
            if end - start < count:
                size = max(count, ID_BLOCK)
                start = self._take_block(name, size)
                end = start + size
            self._blocks[name] = (start + count, end)
            return range(start, start + count)

    def _take_block(self, name: str, size: int) -> int:
        with self.write() as connection:
            end = connection.execute(
                text(
                    "INSERT INTO id_blocks (name, next) VALUES (:name, :size + 1)"
                    " ON CONFLICT (name) DO UPDATE SET next = id_blocks.next + :size"
                    " RETURNING next"
                ),
                {"name": name, "size": size},
            ).scalar_one()
        return int(end) - size

    def close(self) -> None:
        """Release every connection."""
        self.engine.dispose()

    @contextmanager
    def _translated(self) -> Iterator[None]:
        try:
            yield
        except DBAPIError as err:
            raise _explain(err, self.engine.url.database) from err


def _sqlite_engine(url: str, database: str | None) -> Engine:
    if database and database != ":memory:":
        Path(database).parent.mkdir(parents=True, exist_ok=True, mode=0o700)  # personal data
    engine = create_engine(
        url, connect_args={"check_same_thread": False, "timeout": BUSY_MILLIS / 1000}
    )

    @event.listens_for(engine, "connect")
    def _prepare(connection: DBAPIConnection, _record: ConnectionPoolEntry) -> None:
        connection.isolation_level = None  # transactions are begun below, explicitly
        cursor = connection.cursor()
        for pragma in (
            "journal_mode=WAL",
            "synchronous=FULL",
            "foreign_keys=ON",
            f"cache_size=-{CACHE_KIB}",
            "temp_store=MEMORY",
            "wal_autocheckpoint=4000",
        ):
            cursor.execute(f"PRAGMA {pragma}")
        cursor.close()

    @event.listens_for(engine, "begin")
    def _begin(connection: Connection) -> None:
        write = connection.get_execution_options().get("hub_write", False)
        connection.exec_driver_sql("BEGIN IMMEDIATE" if write else "BEGIN")

    return engine


def _postgresql_engine(url: str) -> Engine:
    engine = create_engine(url, pool_pre_ping=True, pool_size=10, max_overflow=20)

    @event.listens_for(engine, "connect")
    def _prepare(connection: DBAPIConnection, _record: ConnectionPoolEntry) -> None:
        cursor = connection.cursor()
        cursor.execute(f"SET idle_in_transaction_session_timeout = '{PAUSE_SECONDS}s'")
        cursor.close()
        connection.commit()

    return engine


def _explain(err: DBAPIError, database: str | None) -> StoreError:
    """What went wrong in the database, in words an admin can act on."""
    cause = str(err.orig)
    lowered = cause.lower()
    if "unable to open database file" in lowered and database:
        return _not_opened(Path(database))
    if "locked" in lowered or "busy" in lowered:
        return StoreError(
            "the database is locked by another process; nothing was written. Wait for it to finish"
            " or stop it, then run the same command again",
            code="HUB-511",
        )
    if "disk is full" in lowered or "no space" in lowered or "disk full" in lowered:
        return StoreError(
            "the disk is full; the last page was rolled back whole. Free space, then run the same"
            " command again: it resumes at the last checkpoint",
            code="HUB-512",
        )
    if "disk i/o error" in lowered or "input/output error" in lowered:
        return StoreError(
            "the disk under the database failed, or may not hold a file of that size; the last page"
            " was rolled back whole. Look at the disk, its quota and the limits of this user, then"
            " run the same command again: it resumes at the last checkpoint",
            code="HUB-518",
        )
    if "readonly" in lowered or "read-only" in lowered:
        return StoreError(
            "the database is read-only; nothing was written. Give this user write access to the"
            " file and its folder",
            code="HUB-513",
        )
    if "no such table" in lowered or "does not exist" in lowered:
        return StoreError(
            f"the database has no hub schema ({cause.splitlines()[0]}). Run: hub db upgrade",
            code="HUB-514",
        )
    if "idle-in-transaction timeout" in lowered:
        return StoreConflict(
            "this process was paused inside a transaction, which the database has ended: nothing of"
            " it was written; run the same command again"
        )
    if isinstance(err, IntegrityError) or "deadlock detected" in lowered:
        return StoreConflict(
            "two transactions wanted the same row and this one gave way; run the same command again"
        )
    if isinstance(err, OperationalError):
        return StoreError(
            f"the database is out of reach ({cause.splitlines()[0]}). Check store.url, then: hub"
            " doctor",
            code="HUB-515",
        )
    return StoreError(f"the database refused: {cause.splitlines()[0]}", code="HUB-510")


def _not_opened(path: Path) -> StoreError:
    """Why SQLite could not open its file: it says the same for every reason."""
    if path.is_dir():
        return StoreError(
            f"{path} is a folder, not a database. Name a file in store.url", code="HUB-515"
        )
    if not path.parent.is_dir():
        return StoreError(
            f"the folder of the database, {path.parent}, is gone. Mount or make it, or correct"
            " store.url",
            code="HUB-515",
        )
    effective = os.access in os.supports_effective_ids
    for each in (path.parent, path):
        if each.exists() and not os.access(each, os.W_OK, effective_ids=effective):
            return StoreError(
                f"{each} is read-only for this user; nothing was written. Give this user write"
                " access to the database and its folder (SQLite keeps files beside it), or set"
                " hub.data_dir to a folder that it may write to",
                code="HUB-513",
            )
    return StoreError(
        f"{path} cannot be opened, although it may be written. Look at the disk and at the number"
        " of open files (ulimit -n), then: hub doctor",
        code="HUB-515",
    )
