"""Leases with fencing: who may write for a name, and proof that the right is still held.

A holder that was stopped past its lease and wakes up finds a higher fence, and its write is refused
in the same transaction that would have made it (QUALITY.md, fault 8).
"""

from __future__ import annotations

import logging
import os
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from sqlalchemy import Connection, select, update

from hub.core.clock import to_micros
from hub.core.errors import LeaseLost, StopRun, StoreError
from hub.store import bulk
from hub.store.engine import Store
from hub.store.schema import leases

LEASE_SECONDS = 30
RENEW_SECONDS = LEASE_SECONDS / 3
"""How often a lease is renewed that is held for as long as some work takes."""
RETRY_SECONDS = 0.2

_log = logging.getLogger(__name__)
_turns: dict[str, threading.Lock] = {}
"""A lock per name: to a lease, all threads of this process are one holder."""


@dataclass(frozen=True, slots=True)
class Lease:
    """The right to write for ``name`` until another holder raises the fence."""

    name: str
    holder: str
    fence: int


def this_process(role: str = "") -> str:
    """Name of this process among all that may share a database: ``host:pid``.

    With a role, ``role@host:pid``: a holder that this process's other work does not take over from.
    """
    process = f"{socket.gethostname()}:{os.getpid()}"
    return f"{role}@{process}" if role else process


def acquire(store: Store, name: str, holder: str | None = None, *, patience: float = 0.0) -> Lease:
    """The lease on ``name``.

    Args:
        store: The database.
        name: What is to be written.
        holder: Who wants to; this process by default, which takes over from itself.
        patience: Seconds to wait for a holder that is soon done.

    Raises:
        StopRun: If another live process holds it.
    """
    holder = holder or this_process()
    for _ in range(round(patience / RETRY_SECONDS)):
        try:
            return _acquire(store, name, holder)
        except StopRun:
            store.clock.sleep(RETRY_SECONDS)
    return _acquire(store, name, holder)


def _acquire(store: Store, name: str, holder: str) -> Lease:
    now = to_micros(store.clock.now())
    with store.write() as connection:
        bulk.insert_new(
            connection, leases, ("name", "holder", "fence", "until"), [(name, "", 0, 0)]
        )
        row = connection.execute(
            select(leases).where(leases.c.name == name).with_for_update()
        ).one()
        if row.holder != holder and is_held(row.holder, row.until, now):
            raise StopRun(
                f"{name} is being worked on by {row.holder}; let it finish, or stop it and try"
                f" again in {(row.until - now) / 1e6:.0f} s",
                code="HUB-113",
            )
        lease = Lease(name, holder, row.fence + 1)
        _set(connection, lease, now + LEASE_SECONDS * 1_000_000)
    return lease


def renew(connection: Connection, lease: Lease, now: int) -> None:
    """Prove and prolong the lease inside the transaction that it protects.

    Raises:
        LeaseLost: If another process took over; the caller's transaction rolls back.
    """
    held = connection.execute(
        update(leases)
        .where(leases.c.name == lease.name, leases.c.fence == lease.fence)
        .values(until=now + LEASE_SECONDS * 1_000_000)
    )
    if held.rowcount != 1:
        raise LeaseLost(
            f"{lease.name}: another process took over while this one was paused; its work stands,"
            " this write was refused",
        )


@contextmanager
def writing(store: Store, lease: Lease) -> Iterator[tuple[Connection, int]]:
    """A transaction that the lease protects, and its instant in microseconds.

    Raises:
        LeaseLost: If another process took over.
    """
    with store.write() as connection:
        now = to_micros(store.clock.now())
        renew(connection, lease, now)
        yield connection, now


def release(store: Store, lease: Lease) -> None:
    """Give the lease back early; losing it meanwhile is no error."""
    with store.write() as connection:
        connection.execute(
            update(leases)
            .where(leases.c.name == lease.name, leases.c.fence == lease.fence)
            .values(until=0)
        )


def revoke(connection: Connection, holder: str, prefix: str) -> None:
    """Fence ``holder`` off from its leases whose names start with ``prefix``: they are free now."""
    connection.execute(
        update(leases)
        .where(leases.c.holder == holder, leases.c.name.startswith(prefix, autoescape=True))
        .values(holder="", fence=leases.c.fence + 1, until=0)
    )


def go_on() -> None:
    """Asked by those who wait; this one never wants to stop."""


@contextmanager
def turn(store: Store, name: str, leave: Callable[[], None] = go_on) -> Iterator[None]:
    """One block at a time, over all threads and processes of this database; others wait for theirs.

    It puts work in order that would otherwise be done twice; the rows that must not be written by
    one who overslept have leases of their own.

    Args:
        store: The database.
        name: Of the work.
        leave: Asked again and again during the wait; raises if it is to end.
    """
    with _in_line(_turns.setdefault(name, threading.Lock()), leave):
        lease = _when_free(store, name, leave)
        try:
            with held(store, lease):
                yield
        finally:
            _let_go(store, lease)


@contextmanager
def held(store: Store, lease: Lease) -> Iterator[None]:
    """Keeps ``lease`` until the block ends, however long it waits for somebody else.

    Losing it is told by the next write that it protects.
    """
    with kept(lambda: _renew(store, lease), RENEW_SECONDS):
        yield


@contextmanager
def leased(store: Store, name: str) -> Iterator[Lease]:
    """The lease on ``name`` until the block ends, however long it waits for somebody else.

    Raises:
        StopRun: If another live process holds it.
    """
    lease = acquire(store, name)
    try:
        with held(store, lease):
            yield lease
    finally:
        release(store, lease)


@contextmanager
def kept(renew: Callable[[], None], every: float) -> Iterator[None]:
    """Calls ``renew`` every so many seconds until the block ends or the lease is lost.

    A database that is out of reach is asked again: the lease may still be ours when it is back.
    """
    over = threading.Event()

    def keep() -> None:
        while not over.wait(every):
            try:
                renew()
            except LeaseLost as lost:
                _log.warning("%s", lost)
                return
            except StoreError as err:
                _log.warning("a lease could not be renewed: %s", err)

    thread = threading.Thread(target=keep, name="lease", daemon=True)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()


def is_held(holder: str, until: int, now: int) -> bool:
    """Whether ``holder`` may still be writing: its lease runs, and it is not known to be dead."""
    return until > now and not _is_dead(holder)


@contextmanager
def _in_line(lock: threading.Lock, leave: Callable[[], None]) -> Iterator[None]:
    while not lock.acquire(timeout=RETRY_SECONDS):
        leave()
    try:
        yield
    finally:
        lock.release()


def _when_free(store: Store, name: str, leave: Callable[[], None]) -> Lease:
    while True:
        try:
            return acquire(store, name)
        except StopRun:
            pass  # its holder is at work
        leave()
        store.clock.sleep(RETRY_SECONDS)


def _let_go(store: Store, lease: Lease) -> None:
    """Release the lease, or leave it to run out: what was done in the turn stands either way."""
    try:
        release(store, lease)
    except StoreError as err:
        _log.warning("%s: the turn ends with its lease, not earlier: %s", lease.name, err)


def _renew(store: Store, lease: Lease) -> None:
    with store.write() as connection:
        renew(connection, lease, to_micros(store.clock.now()))


def _set(connection: Connection, lease: Lease, until: int) -> None:
    connection.execute(
        update(leases)
        .where(leases.c.name == lease.name)
        .values(holder=lease.holder, fence=lease.fence, until=until)
    )


def _is_dead(holder: str) -> bool:
    """Whether ``holder`` was a process of this machine that is gone: then its work resumes now."""
    host, _, pid = holder.rpartition("@")[2].rpartition(":")
    if host != socket.gethostname() or not pid.isdigit():
        return False
    try:
        os.kill(int(pid), 0)
    except ProcessLookupError:
        return True
    except PermissionError:
        return False
    return False
