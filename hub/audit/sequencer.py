"""The sequencer: gives committed leaves their place in the log.

A place given inside the domain transactions would make every commit wait for one row (measured on
PostgreSQL: 43 pages a second with any number of workers, 333 with eight without it). So the leaf is
written with the data, and one sequencer at a time orders what is committed:

1. Take the lease, if leaves are waiting. Its fence guards every group below.
2. In one transaction per group: prove the lease, order the waiting leaves by (time, leaf id), give
   them the next indices, and grow the frontier over their hashes.
3. Stop when nothing waits, and give the lease back.

A leaf that commits after its neighbours were sequenced gets a later index than its time suggests:
index order is commit order to within one group, and ``verify.py`` says what is checked about time.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from sqlalchemy import ColumnElement, Connection, func, select, update

from hub.audit.merkle import pack, unpack
from hub.audit.verify import Frontier
from hub.core.boundary import reached
from hub.core.errors import LeaseLost, StopRun
from hub.store import bulk
from hub.store.engine import Store
from hub.store.leases import Lease, acquire, release, writing
from hub.store.schema import audit_frontier, audit_leaves

GROUP = 5_000
LEASE = "audit sequencer"
RETRY_SECONDS = 0.1

WAITING: ColumnElement[bool] = audit_leaves.c.idx.is_(None)
AfterGroup = Callable[[Connection, Frontier], None]

_one_per_process = threading.Lock()


def drain(store: Store, after_group: AfterGroup = lambda _connection, _frontier: None) -> int:
    """How many leaves this call sequenced; afterwards none that was committed before it waits.

    Args:
        store: Where the log is.
        after_group: Called inside the transaction of each group, with the log as it now is.
    """
    total = 0
    while _is_waiting(store):
        try:
            with leased(store) as lease:
                total += _drain_leased(store, lease, after_group)
        except LeaseLost:
            continue  # its groups stand; what still waits is seen by the loop
        except StopRun:
            store.clock.sleep(RETRY_SECONDS)  # another process is at it
    return total


@contextmanager
def leased(store: Store) -> Iterator[Lease]:
    """The right to give out indices.

    Raises:
        StopRun: If another live process holds it.
    """
    with _one_per_process:  # to the lease, all threads of a process are one holder
        lease = acquire(store, LEASE)
        try:
            yield lease
        finally:
            release(store, lease)


def _is_waiting(store: Store) -> bool:
    with store.read() as connection:
        return (
            connection.execute(select(audit_leaves.c.leaf_id).where(WAITING).limit(1)).first()
            is not None
        )


def _drain_leased(store: Store, lease: Lease, after_group: AfterGroup) -> int:
    total = 0
    while True:
        with writing(store, lease) as (connection, now):
            count = sequence(connection, now)
            if count:
                after_group(connection, frontier(connection))
        if not count:
            return total
        reached("leaf sequenced")
        total += count


def sequence(
    connection: Connection, now: int, which: ColumnElement[bool] = WAITING, limit: int = GROUP
) -> int:
    """How many waiting leaves got an index, in the transaction of a caller that holds the lease.

    Args:
        connection: Transaction in which the lease was renewed.
        now: Microseconds since 1970.
        which: Leaves to take; all that wait, by default.
        limit: At most this many.
    """
    before = frontier(connection)
    waiting = (
        select(audit_leaves.c.leaf_id, audit_leaves.c.at)
        .where(which)
        .order_by(audit_leaves.c.at, audit_leaves.c.leaf_id)
        .limit(limit)
        .subquery()
    )
    place = func.row_number().over(order_by=(waiting.c.at, waiting.c.leaf_id))
    chosen = select(waiting.c.leaf_id, place.label("place")).subquery()
    connection.execute(
        update(audit_leaves)
        .values(idx=before.size - 1 + chosen.c.place)
        .where(audit_leaves.c.leaf_id == chosen.c.leaf_id)
    )
    hashes = connection.execute(
        select(audit_leaves.c.leaf_hash)
        .where(audit_leaves.c.idx >= before.size)
        .order_by(audit_leaves.c.idx)
    ).scalars()
    after = before.extend(hashes.all())
    if after.size > before.size:
        _keep(connection, after, now)
    return after.size - before.size


def count_waiting(connection: Connection) -> int:
    """How many committed leaves have no index yet."""
    query = select(func.count()).select_from(audit_leaves).where(WAITING)
    return int(connection.execute(query).scalar_one())


def frontier(connection: Connection, *, lock: bool = False) -> Frontier:
    """The log as it was last sequenced; with ``lock``, it stays so until the transaction ends."""
    query = select(audit_frontier.c.size, audit_frontier.c.frontier)
    row = connection.execute(query.with_for_update() if lock else query).first()
    return unpack(*row) if row else Frontier()


def _keep(connection: Connection, after: Frontier, now: int) -> None:
    columns = ("id", "size", "frontier", "updated_at")
    row = (1, after.size, pack(after), now)
    bulk.upsert(connection, audit_frontier, columns, [row], key=("id",))
