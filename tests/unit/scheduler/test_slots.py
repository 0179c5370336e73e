"""Run slots: who gets one, who takes over, and what a late process may still do."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import select

from hub.core.clock import ManualClock, to_micros
from hub.core.errors import LeaseLost
from hub.store import leases, slots
from hub.store.engine import Store
from hub.store.schema import run_slots
from hub.store.slots import Busy, Slot

LEASE = 60
SECOND = 1_000_000


def now(store: Store) -> int:
    return to_micros(store.clock.now())


def claimed(store: Store, at: int, holder: str, name: str = "crm") -> Slot:
    """The slot, which ``holder`` must get."""
    slot = slots.claim(store, name, at, LEASE, holder)
    assert isinstance(slot, Slot)
    return slot


def rows(store: Store) -> list[tuple[int, str, int, str]]:
    columns = (run_slots.c.slot, run_slots.c.holder, run_slots.c.fence, run_slots.c.status)
    with store.read() as connection:
        return [tuple(row) for row in connection.execute(select(*columns).order_by("slot"))]


def test_a_slot_is_given_to_one_process_only(store: Store) -> None:
    """The second one learns until when it would be no use to ask again."""
    first = claimed(store, 10, "one")

    assert first.fence == 1
    assert slots.claim(store, "crm", 10, LEASE, "two") == Busy(now(store) + LEASE * SECOND)


def test_a_slot_that_was_run_is_never_run_again(store: Store) -> None:
    """Neither by another process nor by the one that ran it."""
    slots.finish(store, claimed(store, 10, "one"), "done")

    assert slots.claim(store, "crm", 10, LEASE, "two") is None
    assert slots.claim(store, "crm", 10, LEASE, "one") is None


def test_slots_are_claimed_forward_only(store: Store) -> None:
    """A process whose clock is behind, or whose schedule changed, does not run an older slot."""
    slots.finish(store, claimed(store, 20, "one"), "done")

    assert slots.claim(store, "crm", 10, LEASE, "two") is None


def test_connections_do_not_wait_for_each_other(store: Store) -> None:
    """A slot belongs to one connection."""
    claimed(store, 10, "one")

    assert claimed(store, 10, "two", name="shop").fence == 1


def test_the_next_slot_waits_until_the_run_of_another_process_has_ended(store: Store) -> None:
    """Two runs of one connection at once would only get into each other's way."""
    running = claimed(store, 10, "one")

    assert isinstance(slots.claim(store, "crm", 20, LEASE, "two"), Busy)

    slots.finish(store, running, "done")
    assert claimed(store, 20, "two").fence == 1


@pytest.mark.parametrize("ending", ["done", "failed", "refused"])
def test_a_run_that_ended_is_not_taken_over(
    store: Store, clock: ManualClock, ending: slots.Ending
) -> None:
    """A failed run is not repeated either: the next slot reads on from its checkpoints."""
    slots.finish(store, claimed(store, 10, "one"), ending)
    clock.sleep(10 * LEASE)

    assert slots.claim(store, "crm", 10, LEASE, "two") is None


def test_a_silent_holder_loses_its_slot_to_one_other_with_a_higher_fence(
    store: Store, clock: ManualClock
) -> None:
    """After the lease, one process takes over, and only one."""
    claimed(store, 10, "one")
    clock.sleep(LEASE)

    assert claimed(store, 10, "two").fence == 2
    assert isinstance(slots.claim(store, "crm", 10, LEASE, "three"), Busy)


def test_a_renewed_slot_is_not_taken_over(store: Store, clock: ManualClock) -> None:
    """A long run keeps its slot for as long as its process says that it is alive."""
    slot = claimed(store, 10, "one")
    clock.sleep(LEASE - 1)
    slots.renew(store, slot)
    clock.sleep(LEASE - 1)

    assert isinstance(slots.claim(store, "crm", 10, LEASE, "two"), Busy)


def test_the_slot_of_a_process_that_is_known_to_be_dead_is_free_at_once(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    """After kill -9 on the same machine nobody waits for the lease."""
    claimed(store, 10, "one")
    monkeypatch.setattr(leases, "_is_dead", lambda holder: holder == "one")

    assert claimed(store, 10, "two").fence == 2


def test_what_an_earlier_life_of_the_same_process_name_held_is_free(store: Store) -> None:
    """A container that is started again has the same host name and process id."""
    claimed(store, 10, "one")

    assert claimed(store, 10, "one").fence == 2


def test_a_newer_slot_replaces_the_one_that_a_silent_process_holds(
    store: Store, clock: ManualClock
) -> None:
    """What was missed meanwhile is one run, and the lost one does not stand open for ever."""
    claimed(store, 10, "one")
    clock.sleep(LEASE)

    claimed(store, 40, "two")

    assert rows(store) == [(10, "one", 1, "failed"), (40, "two", 1, "running")]


def test_a_slot_that_was_given_up_is_free_at_once(store: Store) -> None:
    """A process that is stopping leaves the rest of its run to the others."""
    slots.give_up(store, claimed(store, 10, "one"))

    assert claimed(store, 10, "two").fence == 2


def test_a_process_that_overslept_may_neither_renew_nor_finish(
    store: Store, clock: ManualClock
) -> None:
    """Its word about the run no longer counts."""
    late = claimed(store, 10, "one")
    clock.sleep(LEASE)
    claimed(store, 10, "two")

    with pytest.raises(LeaseLost, match="crm"):
        slots.renew(store, late)
    assert slots.finish(store, late, "done") is False
    assert rows(store) == [(10, "two", 2, "running")]


@pytest.mark.parametrize("newest", [10, 40], ids=["same slot", "newer slot"])
def test_taking_over_fences_off_the_streams_of_the_other_process(
    store: Store, clock: ManualClock, newest: int
) -> None:
    """Its next page is refused, although the stream lease itself had not run out."""
    claimed(store, 10, "one")
    clock.sleep(LEASE)
    stream = leases.acquire(store, "sync:crm/contacts", "one")

    claimed(store, newest, "two")

    with store.write() as connection, pytest.raises(LeaseLost):
        leases.renew(connection, stream, now(store))
    assert leases.acquire(store, "sync:crm/contacts", "two").fence > stream.fence


def test_taking_over_leaves_the_leases_of_others_alone(store: Store, clock: ManualClock) -> None:
    """Neither another connection's streams, nor a run that somebody started by hand."""
    claimed(store, 10, "one")
    clock.sleep(LEASE)
    other = leases.acquire(store, "sync:crm2/contacts", "one")
    wildcard = leases.acquire(store, "sync:c_m/contacts", "one")
    by_hand = leases.acquire(store, "sync:crm/deals", "three")

    claimed(store, 10, "two")

    with store.write() as connection:
        for lease in (other, wildcard, by_hand):
            leases.renew(connection, lease, now(store))


def test_many_processes_that_claim_at_once_get_one_slot_between_them(store: Store) -> None:
    """The database decides, on either engine."""
    with ThreadPoolExecutor(8) as pool:
        results = list(
            pool.map(lambda n: slots.claim(store, "crm", 10, LEASE, f"host:{n}x"), range(8))
        )

    assert sum(isinstance(result, Slot) for result in results) == 1
    assert sum(isinstance(result, Busy) for result in results) == 7


def test_many_processes_that_take_over_at_once_do_so_once(store: Store, clock: ManualClock) -> None:
    """The fence grows by one, however many wanted the slot."""
    claimed(store, 10, "one")
    clock.sleep(LEASE)

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda n: slots.claim(store, "crm", 10, LEASE, f"host:{n}x"), range(8)))

    assert [(fence, status) for _, _, fence, status in rows(store)] == [(2, "running")]


def test_old_slots_are_deleted(store: Store) -> None:
    """A schedule of one second must not fill the disk with its past."""
    day = 86_400 * SECOND
    slots.finish(store, claimed(store, day, "one"), "done")
    slots.finish(store, claimed(store, 31 * day, "one"), "done")
    slots.finish(store, claimed(store, 31 * day + 1, "one"), "done")

    assert [at for at, *_ in rows(store)] == [31 * day, 31 * day + 1]


def test_a_connection_is_refused_until_a_run_gets_through(store: Store) -> None:
    """Only the last ended run counts; a run in progress says nothing yet."""

    def refused() -> list[str]:
        with store.read() as connection:
            return slots.refused(connection, ["crm", "shop"])

    slots.finish(store, claimed(store, 10, "one"), "refused")
    slots.finish(store, claimed(store, 10, "one", name="shop"), "done")
    slots.finish(store, claimed(store, 10, "one", name="gone from hub.toml"), "refused")
    running = claimed(store, 20, "one")
    while_running = refused()
    slots.finish(store, running, "done")

    assert while_running == ["crm"]
    assert refused() == []
