"""A sync run: every stream of the chosen connections, side by side, each failing alone."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from hub.core.errors import EXIT_FAILED, EXIT_OK, EXIT_PARTIAL
from hub.core.ids import IdSource
from hub.store.engine import Store
from hub.store.keys import Keys
from hub.sync.counts import Counts
from hub.sync.pull import PageSeen, Puller, Source, StreamReport

FILES_AT_ONCE = 4
"""Streams of files read at once: they use the processor, and each holds its pages in memory."""
WIRES_AT_ONCE = 16
"""Streams of vendors read at once: they wait most of the time. A vendor's own limit is kept by the
connection's limiter, whatever the number here."""


@dataclass(frozen=True, slots=True)
class SyncReport:
    """What a run did, stream by stream."""

    run: str
    streams: tuple[StreamReport, ...]

    @property
    def counts(self) -> Counts:
        """The row counts of all streams together."""
        total = Counts()
        for stream in self.streams:
            total.add(stream.counts)
        return total

    @property
    def status(self) -> str:
        """``succeeded``, ``failed`` if every stream failed, else ``partial`` (invariant 3).

        Rows that went into quarantine make a run partial once: known ones count as unchanged.
        """
        statuses = {stream.status for stream in self.streams}
        if statuses <= {"succeeded"}:
            return "partial" if self.counts.quarantined else "succeeded"
        return "failed" if statuses == {"failed"} else "partial"

    @property
    def exit_code(self) -> int:
        """The command's exit code; a run in which everything failed takes its first error's."""
        if self.status == "partial":
            return EXIT_PARTIAL
        if self.status == "succeeded":
            return EXIT_OK
        errors = [stream.error for stream in self.streams if stream.error is not None]
        return errors[0].exit_code if errors else EXIT_FAILED


def sync(
    store: Store,
    keys: Keys,
    sources: Sequence[Source],
    *,
    ids: IdSource,
    actor: str,
    full: bool = False,
    on_page: PageSeen = lambda _report: None,
) -> SyncReport:
    """Pull every stream of ``sources``; returns what became of the rows.

    Args:
        store: The database.
        keys: Keyed hashes of this installation.
        sources: Connections and the streams to read.
        ids: Mints the run id.
        actor: Who asked, for the audit log.
        full: Read from the beginning instead of from the checkpoints.
        on_page: Called after every committed page.
    """
    run = ids.uuid7()
    puller = Puller(store, keys, run, actor, full, on_page)
    work = [(source, stream) for source in sources for stream in source.streams]
    with (
        ThreadPoolExecutor(FILES_AT_ONCE, thread_name_prefix="sync-files") as files,
        ThreadPoolExecutor(WIRES_AT_ONCE, thread_name_prefix="sync-wires") as wires,
    ):
        pending = [
            (files if source.ctx.http is None else wires).submit(puller.pull, source, stream)
            for source, stream in work
        ]
        reports = tuple(pull.result() for pull in pending)
    return SyncReport(run, reports)
