"""Leases that are kept while work goes on, and turns: one at a time, the others wait."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack

import pytest

from hub.core.clock import ManualClock, to_micros
from hub.core.errors import LeaseLost, Stopping, StopRun, StoreError
from hub.store import leases
from hub.store.engine import Store

PATIENCE = 10.0


def test_threads_take_turns(store: Store) -> None:
    """Two runs of one process never go through the stages side by side."""
    inside, most = 0, 0

    def work(_: int) -> None:
        nonlocal inside, most
        with leases.turn(store, "stages"):
            inside += 1
            most = max(most, inside)
            inside -= 1

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(work, range(12)))

    assert most == 1


def test_a_turn_waits_for_another_process(store: Store, clock: ManualClock) -> None:
    """It begins when the other's lease is over; the clock says how long that took."""
    leases.acquire(store, "stages", "elsewhere:1")
    before = clock.now()

    with leases.turn(store, "stages"):
        waited = (clock.now() - before).total_seconds()

    assert waited == pytest.approx(leases.LEASE_SECONDS, abs=2 * leases.RETRY_SECONDS)


@pytest.mark.parametrize("holder", ["a process", "a thread"])
def test_a_wait_for_a_turn_ends_on_request(
    store: Store, clock: ManualClock, monkeypatch: pytest.MonkeyPatch, holder: str
) -> None:
    """Somebody who wants to stop need not wait for the work of others."""
    monkeypatch.setattr(leases, "RETRY_SECONDS", 0.001)
    asked = 0

    def leave() -> None:
        nonlocal asked
        asked += 1
        if asked == 3:
            raise Stopping("stopped on request")

    with ExitStack() as held:
        if holder == "a process":
            leases.acquire(store, "stages", "elsewhere:1")
        else:
            held.enter_context(leases.turn(store, "stages"))
        with (
            ThreadPoolExecutor(1) as pool,
            pytest.raises(Stopping),
        ):
            pool.submit(waiting_for, store, leave).result(PATIENCE)

    assert (asked, clock.now().microsecond) == (3, 2_000 if holder == "a process" else 0)


def waiting_for(store: Store, leave: Callable[[], None]) -> None:
    with leases.turn(store, "stages", leave):
        pass


def test_a_turn_whose_lease_cannot_be_given_back_is_done_all_the_same(
    store: Store, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """What was done in it stands; the lease runs out by itself."""

    def refuse(*_: object) -> None:
        raise StoreError("the disk is full")

    monkeypatch.setattr(leases, "release", refuse)

    with leases.turn(store, "stages"):
        done = True

    assert done
    assert caplog.messages == [
        "stages: the turn ends with its lease, not earlier: the disk is full"
    ]


def test_others_are_kept_out_during_a_turn_and_let_in_after_it(store: Store) -> None:
    """Also if the work in it failed."""
    with pytest.raises(ZeroDivisionError), leases.turn(store, "stages"):
        with pytest.raises(StopRun):
            leases.acquire(store, "stages", "elsewhere:1")
        raise ZeroDivisionError

    assert leases.acquire(store, "stages", "elsewhere:1").holder == "elsewhere:1"


def test_a_lease_is_kept_until_the_block_ends() -> None:
    """However long the work takes."""
    renewed = threading.Semaphore(0)

    with leases.kept(renewed.release, every=0.001):
        for _ in range(3):
            assert renewed.acquire(timeout=PATIENCE)
    while renewed.acquire(blocking=False):
        pass

    assert not renewed.acquire(timeout=0.05)


def test_a_database_out_of_reach_does_not_end_the_keeping() -> None:
    """When it is back, the lease may still be ours."""
    asked = threading.Semaphore(0)

    def renew() -> None:
        asked.release()
        raise StoreError("out of reach")

    with leases.kept(renew, every=0.001):
        for _ in range(3):
            assert asked.acquire(timeout=PATIENCE)


def test_a_lost_lease_is_not_asked_for_again(caplog: pytest.LogCaptureFixture) -> None:
    """Another process has it now; the log says so once."""
    asked = threading.Semaphore(0)

    def renew() -> None:
        asked.release()
        raise LeaseLost("crm: another process took over")

    with leases.kept(renew, every=0.001):
        assert asked.acquire(timeout=PATIENCE)
        again = asked.acquire(timeout=0.05)

    assert not again
    assert caplog.messages == ["crm: another process took over"]


def test_a_revoked_lease_is_free_and_its_holder_is_fenced_off(store: Store) -> None:
    """The write that the holder had in mind is refused."""
    lease = leases.acquire(store, "sync:crm/contacts", "one")

    with store.write() as connection:
        leases.revoke(connection, "one", "sync:crm/")

    with store.write() as connection, pytest.raises(LeaseLost):
        leases.renew(connection, lease, to_micros(store.clock.now()))
    assert leases.acquire(store, "sync:crm/contacts", "two").fence == lease.fence + 2
