"""The scheduler: which slots are run at the start, how runs end, and how it stops."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import select

from hub.core.clock import ManualClock, to_micros
from hub.core.errors import NeedsReauth, Stopping, StoreError, Unavailable
from hub.core.settings import Settings
from hub.core.timetable import Calendar, Interval, Timetable
from hub.scheduler import SNAPSHOT, Scheduler, timetables
from hub.store import slots
from hub.store.engine import Store
from hub.store.schema import run_slots
from hub.store.slots import Slot

LEASE = 60
PATIENCE = 10.0
QUARTER = Interval(900)
NIGHTLY = Calendar("0 2 * * *", ZoneInfo("UTC"))


@dataclass
class Runs:
    """A job that notes what it was given."""

    slots: list[Slot] = field(default_factory=list)
    ran: threading.Semaphore = field(default_factory=lambda: threading.Semaphore(0))
    then: Callable[[], None] = lambda: None

    def __call__(self, slot: Slot) -> None:
        self.slots.append(slot)
        self.ran.release()
        self.then()


@pytest.fixture
def runs() -> Runs:
    return Runs()


Make = Callable[..., Scheduler]


@pytest.fixture
def make(store: Store, runs: Runs) -> Iterator[Make]:
    """Schedulers for timetables by connection, stopped after the test."""
    made: list[Scheduler] = []

    def scheduler(**timetables: Timetable) -> Scheduler:
        made.append(Scheduler(store, timetables, runs, workers=2, lease=LEASE))
        return made[-1]

    yield scheduler
    for each in made:
        each.stop(PATIENCE)


def rows(store: Store) -> list[tuple[str, str]]:
    """Connection and status of every slot."""
    query = select(run_slots.c.connection, run_slots.c.status).order_by("connection", "slot")
    with store.read() as connection:
        return [(row.connection, row.status) for row in connection.execute(query)]


def test_a_due_slot_is_run_once(store: Store, clock: ManualClock, runs: Runs, make: Make) -> None:
    """Looking again before the next instant finds nothing to do."""
    scheduler = make(crm=QUARTER)
    clock.sleep(7 * 60)

    scheduler.look("crm")
    scheduler.look("crm")

    assert [slot.at for slot in runs.slots] == [to_micros(datetime(2026, 1, 1, tzinfo=UTC))]
    assert rows(store) == [("crm", "done")]


def test_slots_that_were_missed_become_one_run(clock: ManualClock, runs: Runs, make: Make) -> None:
    """After a night without a hub, the newest due slot stands for all of them."""
    scheduler = make(crm=QUARTER)
    scheduler.look("crm")
    clock.sleep(8 * 3_600 + 60)

    scheduler.look("crm")
    scheduler.look("crm")

    assert [slot.at for slot in runs.slots[1:]] == [to_micros(datetime(2026, 1, 1, 8, tzinfo=UTC))]


def test_a_start_runs_intervals_and_missed_calendars_but_no_new_calendar(
    store: Store, clock: ManualClock, runs: Runs, make: Make
) -> None:
    """Whoever sets 2:00 at night does not want a first load at noon."""
    made = Slot("missed", to_micros(clock.now() - timedelta(days=3)), "before", 1, LEASE)
    assert slots.claim(store, made.connection, made.at, LEASE, made.holder) == made
    slots.finish(store, made, "done")

    make(every=QUARTER, missed=NIGHTLY, fresh=NIGHTLY).start()
    for _ in range(2):
        assert runs.ran.acquire(timeout=PATIENCE)

    assert {slot.connection for slot in runs.slots} == {"every", "missed"}


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (Unavailable("crm: out of reach"), "failed"),
        (NeedsReauth("crm: token rejected"), "refused"),
        (ZeroDivisionError(), "failed"),
    ],
    ids=["error", "credential", "defect"],
)
def test_how_a_run_failed_stands_in_its_slot(
    store: Store, runs: Runs, make: Make, error: Exception, status: str
) -> None:
    """Readiness and the admin read it there; the slot is never left open."""

    def fail() -> None:
        raise error

    runs.then = fail
    scheduler = make(crm=QUARTER)

    try:
        scheduler.look("crm")
    except ZeroDivisionError:
        assert status == "failed"

    assert rows(store) == [("crm", status)]


def test_a_failure_is_logged_with_its_connection_and_code(
    runs: Runs, make: Make, caplog: pytest.LogCaptureFixture
) -> None:
    """One line that an admin can act on."""

    def fail() -> None:
        raise Unavailable("out of reach; the next run resumes")

    runs.then = fail

    make(crm=QUARTER).look("crm")

    assert "crm: error HUB-500: out of reach; the next run resumes" in caplog.messages


def test_a_run_that_was_left_for_stopping_is_free_for_another_process(
    store: Store, runs: Runs, make: Make
) -> None:
    """It goes on there at once, from the checkpoint."""

    def leave() -> None:
        raise Stopping("stopping")

    runs.then = leave
    make(crm=QUARTER).look("crm")

    taken = slots.claim(store, "crm", runs.slots[0].at, LEASE, "another")

    assert isinstance(taken, Slot)
    assert taken.fence == 2


def test_a_run_that_outlasts_the_grace_gives_up_its_slot(
    store: Store, runs: Runs, make: Make
) -> None:
    """Stopping does not wait for ever, and nobody has to wait for the lease."""
    go_on = threading.Event()
    runs.then = lambda: assert_true(go_on.wait(PATIENCE))
    scheduler = make(crm=QUARTER)
    scheduler.start()
    assert runs.ran.acquire(timeout=PATIENCE)

    ended = scheduler.stop(grace=0)
    taken = slots.claim(store, "crm", runs.slots[0].at, LEASE, "another")
    go_on.set()

    assert not ended
    assert isinstance(taken, Slot)


def assert_true(value: bool) -> None:
    assert value


def test_a_slot_that_another_process_holds_is_looked_at_again_when_its_lease_ends(
    database: str, runs: Runs
) -> None:
    """If that process died, its run is taken over without waiting for the next instant."""
    with_real_time = Store.open(database)
    daily = Interval(86_400)
    due = to_micros(daily.last(with_real_time.clock.now()))
    assert isinstance(slots.claim(with_real_time, "crm", due, 1, "elsewhere:1x"), Slot)
    scheduler = Scheduler(with_real_time, {"crm": daily}, runs, workers=1, lease=LEASE)

    scheduler.start()
    took_over = runs.ran.acquire(timeout=PATIENCE)
    scheduler.stop(PATIENCE)
    with_real_time.close()

    assert took_over
    assert (runs.slots[0].at, runs.slots[0].fence) == (due, 2)


def test_a_database_that_was_locked_is_looked_at_again_before_the_next_instant(
    database: str, runs: Runs, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One locked moment must not cost a connection its whole interval."""
    store = Store.open(database)
    tries = [StoreError("locked", code="HUB-511")]
    claim = slots.claim

    def locked_once(*args: Any) -> Slot | slots.Busy | None:
        if tries:
            raise tries.pop()
        return claim(*args)

    monkeypatch.setattr(slots, "claim", locked_once)
    scheduler = Scheduler(store, {"crm": Interval(86_400)}, runs, workers=1, lease=1)

    scheduler.start()
    ran = runs.ran.acquire(timeout=PATIENCE)
    scheduler.stop(PATIENCE)
    store.close()

    assert ran


def test_the_clock_asks_for_each_instant(runs: Runs, database: str) -> None:
    """APScheduler wakes at the timetable's instants, and each is run."""
    store = Store.open(database)
    scheduler = Scheduler(store, {"crm": Interval(1)}, runs, workers=1, lease=LEASE)

    scheduler.start()
    for _ in range(3):
        assert runs.ran.acquire(timeout=PATIENCE)
    scheduler.stop(PATIENCE)
    store.close()

    first = runs.slots[0].at
    assert [slot.at - first for slot in runs.slots[:3]] == [0, 1_000_000, 2_000_000]


def test_a_chore_that_fails_is_called_again(
    store: Store, make: Make, caplog: pytest.LogCaptureFixture
) -> None:
    """An anchor file that cannot be written now may be writable in a minute."""
    calls = threading.Semaphore(0)

    def chore() -> None:
        calls.release()
        raise Unavailable("the anchor file cannot be written")

    scheduler = make()
    scheduler.every(1, chore)
    scheduler.start()

    for _ in range(2):
        assert calls.acquire(timeout=PATIENCE)
    assert "error HUB-500: the anchor file cannot be written" in caplog.messages


def test_enabled_connections_with_a_schedule_are_due_and_the_nightly_snapshot() -> None:
    """A schedule is what puts a connection on the timetable; the zone is that of the business."""
    settings = Settings.model_validate(
        {
            "hub": {"time_zone": "Europe/Helsinki"},
            "connections": {
                "often": {"connector": "csv", "schedule": {"every": "15m"}},
                "nightly": {"connector": "csv", "schedule": {"cron": "0 2 * * *"}},
                "off": {"connector": "csv", "enabled": False, "schedule": {"every": "15m"}},
                "by_hand": {"connector": "csv"},
            },
        }
    )

    assert timetables(settings) == {
        "often": Interval(900),
        "nightly": Calendar("0 2 * * *", ZoneInfo("Europe/Helsinki")),
        SNAPSHOT: Calendar("0 2 * * *", ZoneInfo("Europe/Helsinki")),
    }
