"""When connections are read: due slots are claimed and run, by as many processes as there are.

1. APScheduler is only the clock: at each due instant it asks the executor for the connection.
2. A thread of the executor looks for the newest due instant and claims its slot in the database.
   Only one process gets it; what was missed before it is part of this one run.
3. While the run goes on, the slot's lease is renewed in the background.
4. If another process is at it, or the database is locked, this one looks again when that lease
   would be over.

At the start every interval is looked at, and every calendar that missed its time while no hub ran;
a calendar that never ran waits for its first instant.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Final
from zoneinfo import ZoneInfo

from apscheduler.executors.pool import ThreadPoolExecutor
from apscheduler.schedulers.background import BackgroundScheduler
from apscheduler.triggers.base import BaseTrigger
from apscheduler.triggers.date import DateTrigger

from hub.core.clock import from_micros, to_micros
from hub.core.errors import HubError, NeedsReauth, Stopping, StoreError
from hub.core.settings import Schedule, Settings
from hub.core.timetable import Calendar, Interval, Timetable
from hub.executors.embedded import Embedded
from hub.store import leases, slots
from hub.store.engine import Store
from hub.store.slots import Busy, Ending, Slot

_log = logging.getLogger(__name__)
SNAPSHOT: Final = "metrics:snapshot"
"""What stands in a slot instead of a connection (whose names hold no colon): the overall numbers,
which move with the calendar even if nothing was read."""
_RENEWALS: Final = 3
"""Times that a lease is renewed within its own length, so that one late renewal costs nothing."""

Job = Callable[[Slot], None]
"""Does the run of a slot.

Raises:
    Stopping: If it left off because the hub is stopping.
    NeedsReauth: If the system refused the credential.
    HubError: If the run failed.
"""


class Scheduler:
    """Runs the slots of this process.

    Args:
        store: The database, shared with other processes.
        timetables: Connection to the instants at which it is due.
        job: Does a run.
        workers: Runs at the same time.
        lease: Seconds of silence after which a run may be taken over.
    """

    def __init__(
        self, store: Store, timetables: Mapping[str, Timetable], job: Job, workers: int, lease: int
    ) -> None:
        self._store = store
        self._timetables = timetables
        self._job = job
        self._lease = lease
        self._executor = Embedded(workers, self.look)
        self._clock = _background_clock()
        self._running: dict[str, Slot] = {}
        self._running_lock = threading.Lock()

    def start(self) -> None:
        """Begin to take slots, those that were missed first."""
        seen = slots.known(self._store)
        for name, timetable in self._timetables.items():
            self._clock.add_job(self._executor.submit, _Due(timetable), [name], id=name)
            if name in seen or isinstance(timetable, Interval):
                self._executor.submit(name)
        self._clock.start()

    def every(self, seconds: int, chore: Callable[[], object]) -> None:
        """Call ``chore`` every so many seconds; its failures are logged."""

        def do() -> None:
            try:
                chore()
            except HubError as err:
                _log.error("error %s: %s", err.code, err)

        self._clock.add_job(do, _Due(Interval(seconds)))

    def look(self, name: str) -> None:
        """Run the newest due slot of ``name``, if it falls to this process."""
        due = self._timetables[name].last(self._store.clock.now())
        if due is None:
            return
        try:
            claimed = slots.claim(self._store, name, to_micros(due), self._lease)
            if isinstance(claimed, Slot):
                self._run(claimed)
            elif isinstance(claimed, Busy):
                self._look_again(name, claimed.until)
        except HubError as err:
            _log.error("%s: error %s: %s", name, err.code, err)
            if isinstance(err, StoreError):  # else a locked database would cost a whole interval
                self._look_again(name, to_micros(self._store.clock.now()) + self._lease * 1_000_000)

    def stop(self, grace: float) -> bool:
        """Take no more slots; whether all runs reached a checkpoint within ``grace`` seconds.

        The slot of a run that did not is given up: another process may take it over at once.
        """
        if self._clock.running:
            self._clock.shutdown(wait=False)
        ended = self._executor.stop(grace)
        for slot in self._left():
            slots.give_up(self._store, slot)
        return ended

    def _look_again(self, name: str, at: int) -> None:
        self._clock.add_job(
            self._executor.submit,
            DateTrigger(from_micros(at)),
            [name],
            id=f"{name} again",
            replace_existing=True,
        )

    def _run(self, slot: Slot) -> None:
        with self._running_lock:
            self._running[slot.connection] = slot
        again = "" if slot.fence == 1 else f", taken over (fence {slot.fence})"
        _log.info("%s: run of %s begins%s", slot.connection, _text(slot), again)
        ending: Ending | None = "failed"
        try:
            with leases.kept(lambda: slots.renew(self._store, slot), self._lease / _RENEWALS):
                ending = self._ending(slot)
        finally:
            self._end(slot, ending)

    def _ending(self, slot: Slot) -> Ending | None:
        """How the run ended; None if it is for another process to go on with it."""
        try:
            self._job(slot)
        except Stopping:
            _log.info("%s: run of %s left at a checkpoint", slot.connection, _text(slot))
            return None
        except HubError as err:
            _log.error("%s: error %s: %s", slot.connection, err.code, err)
            return "refused" if isinstance(err, NeedsReauth) else "failed"
        return "done"

    def _end(self, slot: Slot, ending: Ending | None) -> None:
        with self._running_lock:
            del self._running[slot.connection]
        if ending is None:
            slots.give_up(self._store, slot)
        elif not slots.finish(self._store, slot, ending):
            _log.warning(
                "%s: run of %s was taken over by another process while this one was silent",
                slot.connection,
                _text(slot),
            )

    def _left(self) -> list[Slot]:
        with self._running_lock:
            return list(self._running.values())


def timetables(settings: Settings) -> dict[str, Timetable]:
    """The instants at which each enabled connection with a schedule is due, and the snapshot."""
    zone = settings.hub.zone
    schedules = {
        name: section.schedule
        for name, section in settings.connections.items()
        if section.enabled and section.schedule is not None
    }
    schedules[SNAPSHOT] = settings.schedules.snapshot
    return {name: timetable(schedule, zone) for name, schedule in schedules.items()}


def timetable(schedule: Schedule, zone: ZoneInfo) -> Timetable:
    """The instants that ``schedule`` names; a calendar follows the wall clock of ``zone``."""
    if schedule.cron is not None:
        return Calendar(schedule.cron, zone)
    assert schedule.every is not None  # the settings hold exactly one of the two
    return Interval(schedule.every)


class _Due(BaseTrigger):  # type: ignore[misc]  # APScheduler ships no types
    """Lets APScheduler wake at a timetable's instants, once after having slept through several."""

    def __init__(self, timetable: Timetable) -> None:
        self._timetable = timetable

    def get_next_fire_time(self, previous: datetime | None, now: datetime) -> datetime | None:
        return self._timetable.next(now if previous is None else max(previous, now))


def _background_clock() -> BackgroundScheduler:
    for name in ("apscheduler.scheduler", "apscheduler.executors.default"):
        logging.getLogger(name).setLevel(logging.ERROR)  # it tells of each tick, we of each run
    return BackgroundScheduler(
        timezone=UTC,
        executors={"default": ThreadPoolExecutor(2)},
        job_defaults={"coalesce": True, "max_instances": 1, "misfire_grace_time": None},
    )


def _text(slot: Slot) -> str:
    return from_micros(slot.at).isoformat(timespec="seconds").replace("+00:00", "Z")
