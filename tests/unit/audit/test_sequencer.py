"""Who gives out indices, in which order, and never twice."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import Connection, select

from hub.audit.log import AuditEvent, record
from hub.audit.sequencer import LEASE, count_waiting, drain, frontier, leased, sequence
from hub.audit.verify import Frontier
from hub.core.clock import ManualClock, to_micros
from hub.core.errors import LeaseLost
from hub.store.engine import Store
from hub.store.leases import LEASE_SECONDS, acquire, renew
from hub.store.schema import audit_leaves

if TYPE_CHECKING:
    from tests.unit.audit.conftest import Logger

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)


def log_at(store: Store, minute: int) -> None:
    event = AuditEvent("sync.page", "os:kim", NOON + timedelta(minutes=minute))
    with store.write() as connection:
        record(connection, event)


def order(store: Store) -> list[tuple[int, int]]:
    """(index, minute) of every sequenced leaf."""
    with store.read() as connection:
        rows = connection.execute(
            select(audit_leaves.c.idx, audit_leaves.c.at)
            .where(audit_leaves.c.idx >= 0)
            .order_by(audit_leaves.c.idx)
        )
        return [(index, (at - to_micros(NOON)) // 60_000_000) for index, at in rows]


def whole_tree(store: Store) -> Frontier:
    with store.read() as connection:
        query = select(audit_leaves.c.leaf_hash).where(audit_leaves.c.idx >= 0)
        hashes = connection.execute(query.order_by(audit_leaves.c.idx)).scalars()
        return Frontier().extend(hashes)


def test_waiting_leaves_are_ordered_by_time(store: Store) -> None:
    """Within a group the log tells events in the order in which they happened."""
    for minute in (3, 1, 2):
        log_at(store, minute)

    assert drain(store) == 3
    assert order(store) == [(0, 1), (1, 2), (2, 3)]


def test_a_leaf_that_commits_late_comes_after_what_is_sequenced(store: Store) -> None:
    """An index once given never moves: a late commit does not rewrite the log."""
    log_at(store, 5)
    drain(store)
    log_at(store, 1)

    drain(store)

    assert order(store) == [(0, 5), (1, 1)]


def test_the_frontier_is_that_of_all_groups(store: Store, logged: Logger) -> None:
    """Growing the tree group by group gives the tree over all the leaves."""
    logged(store, 40)

    for _ in range(6):
        with store.write() as connection:
            sequence(connection, to_micros(store.clock.now()), limit=7)

    with store.read() as connection:
        assert frontier(connection) == whole_tree(store)
    assert [index for index, _ in order(store)] == list(range(40))


def test_a_log_without_news_is_left_alone(store: Store, logged: Logger) -> None:
    """The second run writes nothing, not even a lease."""
    logged(store, 3)
    drain(store)
    with store.read() as connection:
        before = connection.exec_driver_sql("SELECT * FROM leases").all()

    assert drain(store) == 0

    with store.read() as connection:
        assert connection.exec_driver_sql("SELECT * FROM leases").all() == before


def test_a_group_that_fails_is_undone_and_done_again(store: Store, logged: Logger) -> None:
    """A crash between giving indices and the commit leaves neither indices nor frontier."""
    logged(store, 10)

    def fail(_connection: Connection, _log: Frontier) -> None:
        raise RuntimeError("power cut")

    with pytest.raises(RuntimeError):
        drain(store, fail)
    with store.read() as connection:
        assert (frontier(connection), count_waiting(connection)) == (Frontier(), 10)
    assert drain(store) == 10


def test_several_sequencers_at_once_give_each_index_once(
    database: str, clock: ManualClock, logged: Logger
) -> None:
    """However many threads and stores drain one log, it has no gap, no double, one tree."""
    stores = [Store.open(database, clock) for _ in range(4)]
    for store in stores:
        logged(store, 30)

    with ThreadPoolExecutor(4) as pool:
        counts = list(pool.map(drain, stores))

    assert sum(counts) == 120
    assert [index for index, _ in order(stores[0])] == list(range(120))
    with stores[0].read() as connection:
        assert frontier(connection) == whole_tree(stores[0])
    for store in stores:
        store.close()


def test_a_sequencer_stopped_past_its_lease_is_refused(
    store: Store, clock: ManualClock, logged: Logger
) -> None:
    """Resumed after another took over, its group is rolled back: nothing is sequenced twice."""
    logged(store, 5)
    stopped = acquire(store, LEASE, holder="elsewhere:1")
    clock.sleep(LEASE_SECONDS + 1)
    drain(store)
    logged(store, 2)

    with pytest.raises(LeaseLost), store.write() as connection:
        sequence(connection, to_micros(clock.now()))
        renew(connection, stopped, to_micros(clock.now()))

    with store.read() as connection:
        assert count_waiting(connection) == 2
    assert drain(store) == 2


def test_a_command_waits_for_the_sequencer_that_is_at_it(
    store: Store, clock: ManualClock, logged: Logger
) -> None:
    """A lease held by a live process elsewhere is waited for, and taken once it ends."""
    logged(store, 5)
    acquire(store, LEASE, holder="elsewhere:1")
    began = clock.now()

    assert drain(store) == 5

    assert clock.now() - began >= timedelta(seconds=LEASE_SECONDS)


def test_the_lease_is_given_back(store: Store, logged: Logger) -> None:
    """The next command need not wait for the lease of the last one."""
    logged(store, 1)
    drain(store)

    with leased(store) as lease:
        assert lease.fence == 2
