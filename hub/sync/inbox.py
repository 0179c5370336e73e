"""Deliveries of one connection: believed, made durable, then stored like anything that is read.

1. ``accept``: the connector verifies the delivery; a new one goes into the inbox. The vendor is
   told 200 only after that commit, and need not wait for anything else.
2. ``drain``, on a thread: one delivery after the other, by one process at a time. The connector
   parses it, which may mean to ask the vendor; no transaction is open meanwhile.
3. Each page is committed under its stream's lease, like a page of a sync, and the last one takes
   the delivery off the inbox in its own transaction. A stream that is being read keeps its lease:
   the delivery waits, and nothing is lost.
4. Deliveries come in any order and more than once. A row that is older than what the store holds,
   a deletion included, is counted as unchanged; the checkpoint stays where polling put it.

A delivery that its connector cannot use is noted and goes; polling brings what it spoke of.
"""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

import orjson
from sqlalchemy import Connection, select

from hub.core.boundary import reached
from hub.core.clock import from_micros, to_micros
from hub.core.connector import Delivery, FullPass, Page, Row, Stream, Webhook
from hub.core.errors import BudgetExhausted, HubError, SkipRecord, Stopping, StopRun
from hub.core.ids import IdSource
from hub.core.pages import instant_of
from hub.core.plugins import defect
from hub.store import bulk, inbox, leases
from hub.store.engine import Store
from hub.store.inbox import Waiting
from hub.store.keys import Keys
from hub.store.leases import Lease
from hub.store.records import IdPool, bury, chunks, unpack
from hub.store.schema import runs, source_records
from hub.sync.counts import Counts
from hub.sync.ingest import Ingest
from hub.sync.pull import Source, checkpoint, lease_name, register, target_of

BATCH = 50
"""Deliveries looked up at once."""
ACTOR = "webhook"
KIND = "webhooks"
"""Kind of the row in ``runs`` that tells what a process has taken for a connection."""


class Inbox:
    """The deliveries of one connection, as one process takes them.

    Args:
        store: The database.
        keys: Keyed hashes of this installation.
        source: The connection, opened.
        ids: Mints the run id under which deliveries are stored.
    """

    def __init__(self, store: Store, keys: Keys, source: Source, ids: IdSource) -> None:
        self._store = store
        self._keys = keys
        self._source = source
        self._streams = {stream.name: stream for stream in source.streams}
        self._run = ids.uuid7()
        self._started = to_micros(store.clock.now())
        self._tally: Counter[str] = Counter()
        self._noted: Counter[str] = Counter()
        self._counting = threading.Lock()
        self._forgot: datetime | None = None
        self._row_ids: dict[str, int] = {}
        self.webhooks: Mapping[str, Webhook] = source.connector.webhooks_for(source.ctx.config)

    @property
    def name(self) -> str:
        """The connection's name in ``hub.toml``."""
        return self._source.name

    # 1 ---------------------------------------------------------------------------------------

    def accept(self, webhook: str, delivery: Delivery) -> bool:
        """Whether a delivery is new. It is durable when this returns.

        Raises:
            SkipRecord: If it is not from the vendor, too old, or has no id.
            HubError: If a secret or the database is out of reach.
        """
        hook = self.webhooks[webhook]
        try:
            hook.verify(self._source.ctx, delivery)
            event_id = hook.event_id(delivery)
            if not event_id:  # every one without an id would pass for a repetition of the first
                raise SkipRecord("the delivery has no id", reason="no-id")
        except SkipRecord:
            self._count(refused=1)
            raise
        except HubError:
            raise
        except (Exception, SystemExit) as err:  # plugin boundary
            raise defect(f"{self.name}: verifying a delivery to {webhook}", err) from err
        new = inbox.accept(self._store, self.name, webhook, event_id, delivery)
        self._count(**{"accepted" if new else "duplicates": 1})
        return new

    # 2 ---------------------------------------------------------------------------------------

    def drain(self) -> Counts:
        """What became of the rows of every delivery that waited.

        Raises:
            StopRun: If another process is at it, or a stream is being read; the rest waits.
            HubError: If the vendor or the database is out of reach; the rest waits.
        """
        total = Counts()
        holder = leases.this_process("webhooks")
        lease = leases.acquire(self._store, f"inbox:{self.name}", holder)
        try:
            self._forget()
            while batch := self._waiting():
                for item in batch:
                    total.add(self._take(item, lease))
        finally:
            leases.release(self._store, lease)
            self.note()
        return total

    def _waiting(self) -> list[Waiting]:
        with self._store.read() as connection:
            return inbox.waiting(connection, self.name, BATCH)

    def _forget(self) -> None:
        """Drop old ids, once a day: to look for them costs as much as there are ids."""
        now = self._store.clock.now()
        if self._forgot is None or now - self._forgot >= timedelta(days=1):
            inbox.forget(self._store, self.name)
            self._forgot = now

    def _take(self, item: Waiting, lease: Lease) -> Counts:
        total = Counts()
        try:
            pages = self._pages(item)
        except SkipRecord as err:
            self._give_up(item, str(err))
            return total
        reached("page fetched")
        if not pages:
            with self._store.write() as connection:
                self._settle(connection, item, lease, to_micros(self._store.clock.now()))
        for number, (stream, page) in enumerate(pages, 1):
            total.add(self._commit(item, stream, page, lease, last=number == len(pages)))
        self._count(taken=1, **total.as_dict())
        return total

    def _pages(self, item: Waiting) -> list[tuple[Stream, Page]]:
        hook = self.webhooks.get(item.webhook)
        if hook is None:
            raise SkipRecord("the connection has no such webhook any more", reason="no-webhook")
        try:
            found = hook.parse(self._source.ctx, item.delivery)
        except (BudgetExhausted, Stopping):
            raise
        except StopRun as err:  # the vendor would refuse it again, and those behind it wait
            raise SkipRecord(str(err), reason="refused") from err
        except HubError:
            raise
        except (Exception, SystemExit) as err:  # plugin boundary: no delivery may block the queue
            reason = str(defect(f"{self.name}: parsing a delivery to {item.webhook}", err))
            raise SkipRecord(reason, reason="parse-raised") from err
        return [(self._streams[name], page) for name, page in found if name in self._streams]

    def _give_up(self, item: Waiting, why: str) -> None:
        self._source.ctx.log.warning("%s: a delivery cannot be used: %s", self.name, why)
        with self._store.write() as connection:
            inbox.settle(connection, item, "unusable", to_micros(self._store.clock.now()), why)
        self._count(unusable=1)

    def _settle(self, connection: Connection, item: Waiting, lease: Lease, now: int) -> None:
        leases.renew(connection, lease, now)
        inbox.settle(connection, item, "taken", now)

    # 3, 4 ------------------------------------------------------------------------------------

    def _commit(
        self, item: Waiting, stream: Stream, page: Page, queue: Lease, *, last: bool
    ) -> Counts:
        rids, rereads = IdPool(self._store), self.webhooks[item.webhook].rereads
        rids.ensure(len(page.deletes))

        def also(connection: Connection, now: int) -> None:
            if not rereads:
                entity = stream.entity.entity_name
                bury(connection, row_id, entity, page.deletes, rids, now)
            if last:
                self._settle(connection, item, queue, now)
            else:
                leases.renew(connection, queue, now)

        row_id = self._row_id(stream)
        holder = leases.this_process("webhooks")
        lease = leases.acquire(self._store, lease_name(self._source, stream), holder)
        try:
            target = target_of(self._source, stream, row_id, lease, self._run, ACTOR)
            state, seen = checkpoint(self._store, row_id)
            passing = isinstance(stream.deletes, FullPass)
            ingest = Ingest(self._store, self._keys, target, seen if passing else None)
            rows = self._news(stream, row_id, page.rows, rereads)
            pushed = replace(
                page,
                rows=rows,
                places=(),
                complete=False,
                begins=False,
                # An unfinished full pass must know that it need not look for these records.
                next_state=(state or None) if passing else None,
            )
            counts = ingest.commit(pushed, also).counts
        finally:
            leases.release(self._store, lease)
        reached("page committed")
        late = len(page.rows) - len(rows)
        counts.add(Counts(read=late, unchanged=late))
        return counts

    def _row_id(self, stream: Stream) -> int:
        if stream.name not in self._row_ids:
            self._row_ids[stream.name] = register(self._store, self._source, stream)
        return self._row_ids[stream.name]

    def _news(
        self, stream: Stream, row_id: int, rows: Sequence[Row], rereads: bool
    ) -> Sequence[Row]:
        """The rows that are not older than what the store holds."""
        if stream.updated is None or not rows:
            return rows
        ids = [key for row in rows if (key := _key(stream, row)) is not None]
        with self._store.read() as connection:
            held = _held(connection, row_id, stream.updated, ids)
        return [row for row in rows if not _is_late(stream, row, held, rereads)]

    # --- what was done -----------------------------------------------------------------------

    def note(self) -> None:
        """Keep what was counted, for ``hub status`` and ``hub runs``; nothing if nothing moved."""
        with self._counting:
            tally = Counter(self._tally)
            if tally == self._noted:
                return
            self._noted = tally
        status = "partial" if tally["unusable"] or tally["quarantined"] else "succeeded"
        row = (
            f"{self._run}/{self.name}", KIND, self.name, ACTOR, status, self._started,
            to_micros(self._store.clock.now()), orjson.dumps(tally),
        )  # fmt: skip
        columns = (
            "run_id", "kind", "connection", "actor", "status", "started_at", "ended_at", "counts",
        )  # fmt: skip
        with self._store.write() as connection:
            bulk.upsert(connection, runs, columns, [row], key=("run_id",))

    def _count(self, **numbers: int) -> None:
        with self._counting:
            self._tally.update({name: number for name, number in numbers.items() if number})


@dataclass(frozen=True, slots=True)
class _Held:
    """How far the store's knowledge of a record reaches."""

    updated: datetime | None
    deleted: datetime | None


def _held(
    connection: Connection, row_id: int, updated: str, source_ids: Sequence[str]
) -> dict[str, _Held]:
    found: dict[str, _Held] = {}
    columns = source_records.c
    for chunk in chunks(source_ids):
        query = select(columns.source_id, columns.raw, columns.deleted_at).where(
            columns.stream_id == row_id, columns.source_id.in_(chunk)
        )
        for source_id, raw, deleted_at in connection.execute(query):
            row = {} if raw is None else orjson.loads(unpack(raw))
            gone = None if deleted_at is None else from_micros(deleted_at)
            found[source_id] = _Held(instant_of(row.get(updated)), gone)
    return found


def _is_late(stream: Stream, row: Row, held: Mapping[str, _Held], rereads: bool) -> bool:
    """Whether the store knows better; what cannot be compared is not late."""
    assert stream.updated is not None
    known, said = held.get(_key(stream, row) or ""), instant_of(row.get(stream.updated))
    if known is None or said is None:
        return False
    if known.deleted is not None and not rereads and said <= known.deleted:
        return True
    return known.updated is not None and said < known.updated


def _key(stream: Stream, row: Row) -> str | None:
    try:
        return stream.key_of(row)
    except (KeyError, SkipRecord):  # ingestion says what is wrong with it
        return None
