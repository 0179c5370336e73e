"""Leases with fencing: who may write for a name, and proof that the right is still held.

A holder that was stopped past its lease and wakes up finds a higher fence, and its write is refused
in the same transaction that would have made it (QUALITY.md, fault 8).
"""

from __future__ import annotations

import os
import socket
from dataclasses import dataclass

from sqlalchemy import Connection, select, update

from hub.core.clock import to_micros
from hub.core.errors import LeaseLost, StopRun
from hub.store import bulk
from hub.store.engine import Store
from hub.store.schema import leases

LEASE_SECONDS = 30


@dataclass(frozen=True, slots=True)
class Lease:
    """The right to write for ``name`` until another holder raises the fence."""

    name: str
    holder: str
    fence: int


def this_process() -> str:
    """Name of this process among all that may share a database: ``host:pid``."""
    return f"{socket.gethostname()}:{os.getpid()}"


def acquire(store: Store, name: str, holder: str | None = None) -> Lease:
    """The lease on ``name``.

    Raises:
        StopRun: If another live process holds it.
    """
    holder = holder or this_process()
    now = to_micros(store.clock.now())
    with store.write() as connection:
        bulk.insert_new(
            connection, leases, ("name", "holder", "fence", "until"), [(name, "", 0, 0)]
        )
        row = connection.execute(
            select(leases).where(leases.c.name == name).with_for_update()
        ).one()
        if row.until > now and row.holder != holder and not _is_dead(row.holder):
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


def release(store: Store, lease: Lease) -> None:
    """Give the lease back early; losing it meanwhile is no error."""
    with store.write() as connection:
        connection.execute(
            update(leases)
            .where(leases.c.name == lease.name, leases.c.fence == lease.fence)
            .values(until=0)
        )


def _set(connection: Connection, lease: Lease, until: int) -> None:
    connection.execute(
        update(leases)
        .where(leases.c.name == lease.name)
        .values(holder=lease.holder, fence=lease.fence, until=until)
    )


def _is_dead(holder: str) -> bool:
    """Whether ``holder`` was a process of this machine that is gone: then its work resumes now."""
    host, _, pid = holder.rpartition(":")
    if host != socket.gethostname() or not pid.isdigit():
        return False
    try:
        os.kill(int(pid), 0)
    except ProcessLookupError:
        return True
    except PermissionError:
        return False
    return False
