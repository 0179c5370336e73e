"""One stream, from its checkpoint to the present.

1. Take the lease, so that no other process pulls the same stream.
2. Map stored rows again if their mapping has changed.
3. Read the checkpoint and, if a full pass was interrupted, what it had seen.
4. Commit page after page; each one renews the lease and moves the checkpoint with its rows. While
   the vendor is waited for, the lease is kept.
5. A page that lists ids gets the rows of those that were held for gone: they are back.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from hashlib import blake2b

import orjson
from sqlalchemy import select

from hub.core.boundary import reached
from hub.core.clock import to_micros
from hub.core.connector import HUB_API, Connector, Context, FullPass, Page, State, Stream
from hub.core.errors import HubError, NotFound
from hub.core.plugins import defect
from hub.store import leases, runs
from hub.store.engine import Store
from hub.store.keys import Keys
from hub.store.leases import Lease
from hub.store.records import IdPool, stream_id
from hub.store.runs import Run
from hub.store.schema import checkpoints
from hub.sync.bitmap import Bitmap
from hub.sync.counts import Counts
from hub.sync.ingest import Ingest
from hub.sync.remap import map_again
from hub.sync.removal import Fuse, given_up
from hub.sync.target import Target

PATIENCE = 2.0
"""Seconds that a pull waits for its stream: a delivery that is being stored takes milliseconds."""


@dataclass(frozen=True, slots=True)
class Source:
    """A configured connection, ready to be read.

    Args:
        ctx: What the connector's functions receive.
        connector: The plugin.
        streams: Streams to read, by declaration order.
        region: Default phone region.
        brand: Brand of its records.
    """

    ctx: Context
    connector: Connector
    streams: tuple[Stream, ...]
    region: str
    brand: str = ""

    @property
    def name(self) -> str:
        """The connection's name in ``hub.toml``."""
        return self.ctx.connection

    def only(self, names: Sequence[str]) -> Source:
        """The same connection with only these streams; all of them if ``names`` is empty.

        Raises:
            NotFound: If the connection has no stream of one of ``names``.
        """
        known = {stream.name: stream for stream in self.streams}
        for name in names:
            if name not in known:
                offered = ", ".join(sorted(known)) or "none"
                raise NotFound(f"{self.name}: there is no stream {name!r}. It has: {offered}")
        return replace(self, streams=tuple(known[name] for name in names)) if names else self


@dataclass(slots=True)
class StreamReport:
    """What a pull did to one stream.

    Args:
        connection: Connection name.
        stream: Stream name.
        counts: What became of the rows.
        pages: Pages committed.
        remapped: Stored rows that were mapped again, counted among those that were read.
        error: Why it stopped early, or None.
        fuse: Why deletion by absence was held back, or None.
    """

    connection: str
    stream: str
    counts: Counts = field(default_factory=Counts)
    pages: int = 0
    remapped: int = 0
    error: HubError | None = None
    fuse: Fuse | None = None

    @property
    def status(self) -> str:
        """``succeeded``, ``partial`` (some pages are in, then it stopped) or ``failed``."""
        if self.error is None:
            return "succeeded"
        return "partial" if self.pages else "failed"


PageSeen = Callable[[StreamReport], None]
"""Called after every committed page, for progress."""


@dataclass(frozen=True, slots=True)
class Puller:
    """Pulls streams into one store.

    Args:
        store: The database.
        keys: Keyed hashes of this installation.
        run: Run id.
        actor: Who asked.
        full: Start from the beginning instead of from the checkpoint.
        on_page: Progress.
    """

    store: Store
    keys: Keys
    run: str
    actor: str
    full: bool = False
    on_page: PageSeen = lambda _report: None

    def pull(self, source: Source, stream: Stream) -> StreamReport:
        """What became of the stream's rows. A failure to read is in the report, never raised.

        Raises:
            StoreError: If the end of the run cannot be noted.
            KeyboardInterrupt: When the admin stops the run; committed pages stay.
        """
        report = StreamReport(source.name, stream.name)
        run = self._run(source, stream)
        try:
            lease = leases.acquire(self.store, lease_name(source, stream), patience=PATIENCE)
        except HubError as err:
            report.error = err
        else:
            self._pull(source, stream, lease, report, run)
        self._end(run, report)
        return report

    def _pull(
        self, source: Source, stream: Stream, lease: Lease, report: StreamReport, run: Run
    ) -> None:
        try:
            with self.store.write() as connection:
                runs.begin(connection, run)
            with leases.held(self.store, lease):
                self._read_pages(source, stream, lease, report)
        except HubError as err:
            report.error = err
        except (Exception, SystemExit) as err:  # noqa: BLE001 - plugin boundary
            report.error = defect(f"{source.name}: reading {stream.name}", err)
        finally:
            leases.release(self.store, lease)

    def _run(self, source: Source, stream: Stream) -> Run:
        return Run(
            run_id=f"{self.run}/{source.name}/{stream.name}",
            kind="sync",
            connection=source.name,
            stream=stream.name,
            actor=self.actor,
            started_at=to_micros(self.store.clock.now()),
        )

    def _end(self, run: Run, report: StreamReport) -> None:
        error = None if report.error is None else str(report.error)
        now = to_micros(self.store.clock.now())
        with self.store.write() as connection:
            runs.note(connection, run.ended(report.status, now, report.counts.as_dict(), error))

    def _read_pages(
        self, source: Source, stream: Stream, lease: Lease, report: StreamReport
    ) -> None:
        row_id = register(self.store, source, stream)
        target = target_of(source, stream, row_id, lease, self.run, self.actor)
        again = map_again(self.store, self.keys, target)  # 2
        report.counts.add(again)
        report.remapped = again.read
        state, seen = self._checkpoint(row_id)  # 3
        ingest = Ingest(
            self.store, self.keys, target, seen if isinstance(stream.deletes, FullPass) else None
        )
        for page in stream.reader(source.ctx, state):  # 4
            reached("page fetched")
            committed = ingest.commit(self._with_returned(source, stream, row_id, page))
            report.counts.add(committed.counts)
            report.fuse = committed.fuse or report.fuse
            report.pages += 1
            reached("page committed")
            if page.complete:
                reached("checkpoint pruned")  # its commit dropped the list of records seen
            self.on_page(report)

    def _with_returned(self, source: Source, stream: Stream, row_id: int, page: Page) -> Page:
        """5. Read before the page is committed, so that a killed run asks for them again."""
        if stream.by_id is None or not page.alive:
            return page
        gone = given_up(self.store, row_id, page.alive)
        return replace(page, rows=[*stream.by_id(source.ctx, gone)]) if gone else page

    def _checkpoint(self, row_id: int) -> tuple[State, Bitmap]:
        return ({}, Bitmap()) if self.full else checkpoint(self.store, row_id)


def lease_name(source: Source, stream: Stream) -> str:
    """Name of the lease that whoever writes the stream's records holds."""
    return f"sync:{source.name}/{stream.name}"


def register(store: Store, source: Source, stream: Stream) -> int:
    """Row id of the stream, which is registered on first sight."""
    pool = IdPool(store, "streams")
    pool.ensure(1)
    with store.write() as connection:
        return stream_id(connection, source.name, stream.name, stream.entity.entity_name, pool)


def checkpoint(store: Store, row_id: int) -> tuple[State, Bitmap]:
    """Where the stream's reading stands, and what an unfinished full pass has seen."""
    query = select(checkpoints.c.state, checkpoints.c.seen).where(checkpoints.c.stream_id == row_id)
    with store.read() as connection:
        row = connection.execute(query).first()
    if row is None:
        return {}, Bitmap()
    return orjson.loads(row.state), Bitmap.unpack(row.seen)


def target_of(
    source: Source, stream: Stream, row_id: int, lease: Lease, run: str, actor: str
) -> Target:
    """Where the stream's pages go, and under whose right."""
    return Target(
        connection=source.name,
        stream=stream,
        stream_id=row_id,
        mapping=mapping_fingerprint(source.connector, stream),
        lease=lease,
        run=run,
        actor=actor,
        region=source.region,
        brand=source.brand,
    )


def mapping_fingerprint(connector: Connector, stream: Stream) -> bytes:
    """16 bytes that change when the stream's rows must be mapped again."""
    parts = (connector.name, stream.name, str(stream.mapping_version), str(HUB_API))
    return blake2b("\x1f".join(parts).encode(), digest_size=16).digest()
