"""Promises that only show in the hub itself: pulled by the real engine into a real database."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from threading import Lock

from hub.core.ids import IdSource
from hub.store.engine import Store
from hub.store.keys import KEY_BYTES, Keys
from hub.store.upgrade import upgrade
from hub.sync.pull import Source
from hub.sync.run import SyncReport, sync
from hub.testing.check import Checks, Grade
from hub.testing.rig import Rig, Subject, Violation, full_change, rig

ENGINE = Checks()
_migrating = Lock()
"""Alembic keeps its context per process, and checks run side by side."""


@dataclass(frozen=True, slots=True)
class _Hub:
    bench: Rig
    store: Store

    def pull(self, *, full: bool = False) -> SyncReport:
        """One run over every stream.

        Raises:
            Violation: If a stream fails.
        """
        source = Source(
            self.bench.ctx, self.bench.subject.connector, self.bench.streams, region="AU"
        )
        keys = Keys(bytes(KEY_BYTES))
        ids = IdSource.seeded(self.bench.clock, seed=1)
        report = sync(self.store, keys, [source], ids=ids, actor="conformance", full=full)
        for stream in report.streams:
            if stream.error is not None:
                raise Violation(f"{stream.stream}: {stream.error}") from stream.error
        return report


@ENGINE.check(Grade.BRONZE)
def every_row_is_accounted_for(subject: Subject) -> None:
    """The run's counts add up to the rows read, and a healthy source fills no quarantine."""
    with _hub(subject) as hub:
        counts = hub.pull().counts
        if not counts.balanced:
            raise Violation(f"the counts do not add up: {counts.as_dict()}")
        if not counts.stored or counts.quarantined:
            raise Violation(f"{counts.stored} stored, {counts.quarantined} quarantined")


@ENGINE.check(Grade.SILVER)
def an_unchanged_source_stores_nothing(subject: Subject) -> None:
    """A second run, incremental or full, stores no row and writes no consent event."""
    with _hub(subject) as hub:
        hub.pull()
        hub.bench.clock.sleep(86_400)
        for full in (False, True):
            counts = hub.pull(full=full).counts
            if counts.stored or counts.events:
                kind = "full" if full else "incremental"
                raise Violation(f"{counts.stored} rows, {counts.events} events by a {kind} run")


@ENGINE.check(Grade.SILVER)
def the_hubs_own_writes_are_no_changes(subject: Subject) -> None:
    """What the hub wrote comes back as an echo: the next run stores nothing."""
    with _hub(subject) as hub:
        bench = hub.bench
        for writer in bench.writers:
            bench.provision(writer)
        hub.pull()
        bench.clock.sleep(3_600)
        for writer in bench.writers:
            ids = bench.some_ids(writer, 3)
            bench.write(writer, [full_change(writer, key) for key in ids])
        bench.clock.sleep(3_600)
        stored = hub.pull().counts.stored
        if stored:
            raise Violation(
                f"{stored} rows changed by the hub's own write: add its fields, and the time of "
                "change that it moves, to Stream.ignore"
            )


@contextmanager
def _hub(subject: Subject) -> Iterator[_Hub]:
    with rig(subject) as bench, TemporaryDirectory() as folder:
        store = Store.open(f"sqlite:///{Path(folder) / 'hub.db'}", bench.clock)
        try:
            with _migrating:
                upgrade(store)
            yield _Hub(bench, store)
        finally:
            store.close()
