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

A delivery that cannot be used holds up no other: see :mod:`hub.sync.unusable`.
"""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta

from sqlalchemy import Connection

from hub.core.boundary import reached
from hub.core.clock import to_micros
from hub.core.connector import Delivery, FullPass, Page, Stream, Webhook
from hub.core.errors import (
    BudgetExhausted,
    HubError,
    LeaseLost,
    SkipRecord,
    Stopping,
    StopRun,
    Unavailable,
)
from hub.core.ids import IdSource
from hub.core.plugins import defect
from hub.store import dirty, inbox, leases, runs
from hub.store.engine import Store
from hub.store.inbox import Waiting
from hub.store.keys import Keys
from hub.store.leases import Lease
from hub.store.records import IdPool, bury
from hub.store.runs import Run
from hub.sync.counts import Counts
from hub.sync.ingest import Ingest
from hub.sync.lateness import news
from hub.sync.pull import Source, checkpoint, lease_name, register, target_of
from hub.sync.replay import ReplayReport
from hub.sync.unusable import PREFIX, TRIES, Unusable

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
        self._unusable = Unusable(store, keys, source.name, self._run)
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
            HubError: If the credential was refused or the database is out of reach; the rest waits.
        """
        total = Counts()
        holder = leases.this_process("webhooks")
        lease = leases.acquire(self._store, f"inbox:{self.name}", holder)
        try:
            with leases.held(self._store, lease):
                self.forget()
                while batch := self._waiting():
                    for item in batch:
                        total.add(self._take(item, lease))
        finally:
            leases.release(self._store, lease)
            self.note()
        return total

    def replay(self, webhook: str) -> ReplayReport:
        """What became of the webhook's deliveries that were in quarantine.

        Raises:
            StopRun: If another process is at it, or a stream is being read; they wait in the inbox.
            HubError: If the credential was refused or the database is out of reach; likewise.
        """
        now = to_micros(self._store.clock.now())
        with self._store.write() as connection:
            ids = self._unusable.give_back(connection, webhook, now)
        counts = self.drain()
        with self._store.read() as connection:
            bad = self._unusable.still_there(connection, webhook, ids)
        return ReplayReport(self.name, PREFIX + webhook, len(ids) - bad, 0, bad, 0, counts)

    def _waiting(self) -> list[Waiting]:
        now = to_micros(self._store.clock.now())
        with self._store.read() as connection:
            return inbox.waiting(connection, self.name, BATCH, now)

    def forget(self) -> None:
        """Drop what is old, once a day: to look for it costs as much as there are ids."""
        now = self._store.clock.now()
        if self._forgot is None or now - self._forgot >= timedelta(days=1):
            with self._store.write() as connection:
                inbox.forget(connection, self.name, to_micros(now))
                self._unusable.forget(connection, to_micros(now))
            self._forgot = now

    def _take(self, item: Waiting, lease: Lease) -> Counts:
        total = Counts()
        try:
            pages = self._pages(item)
        except SkipRecord as err:
            self._set_aside(item, lease, err.reason, str(err), again=False)
            return total
        except (BudgetExhausted, LeaseLost, Stopping):
            raise  # it is not this delivery's fault
        except (StopRun, Unavailable) as err:
            self._set_aside(item, lease, "not-completed", str(err), again=True)
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
        except HubError:
            raise
        except (Exception, SystemExit) as err:  # plugin boundary: no delivery may block the queue
            reason = str(defect(f"{self.name}: parsing a delivery to {item.webhook}", err))
            raise SkipRecord(reason, reason="parse-raised") from err
        return [(self._streams[name], page) for name, page in found if name in self._streams]

    def _set_aside(
        self, item: Waiting, lease: Lease, reason: str, why: str, *, again: bool
    ) -> None:
        """Put a delivery off, or into quarantine if that cannot help."""
        self._unusable.prepare()
        with leases.writing(self._store, lease) as (connection, now):
            at = self._unusable.put_off(connection, item, why, now) if again else None
            if at is None:
                self._unusable.keep(connection, item, reason, why, now)
        told = f"try {item.attempts + 1} of {TRIES} failed, the next is at {at}"
        what = told if at else "it is in quarantine: hub quarantine list"
        self._source.ctx.log.warning("%s: delivery not used, %s: %s", self.name, what, why)
        self._count(unusable=0 if at else 1)

    def _settle(self, connection: Connection, item: Waiting, lease: Lease, now: int) -> None:
        leases.renew(connection, lease, now)
        inbox.settle(connection, item, "taken", now)

    # 3, 4 ------------------------------------------------------------------------------------

    def _commit(
        self, item: Waiting, stream: Stream, page: Page, queue: Lease, *, last: bool
    ) -> Counts:
        rids, rereads = IdPool(self._store), self.webhooks[item.webhook].rereads
        rids.ensure(len(page.deletes))
        before, mine = (dirty.sequence(self._store) for _ in range(2))

        def also(connection: Connection, now: int) -> None:
            if not rereads:
                entity = stream.entity.entity_name
                bury(connection, row_id, entity, page.deletes, rids, now)
            if dirty.is_marked_since(connection, before):
                dirty.mark(connection, "follow-up", [self.name], cause=ACTOR, seq=mine)
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
            rows = news(self._store, row_id, stream, page.rows, rereads=rereads)
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

    # --- what was done -----------------------------------------------------------------------

    def note(self) -> None:
        """Keep what was counted, for ``hub status`` and ``hub runs``; nothing if nothing moved."""
        with self._counting:
            tally = Counter(self._tally)
            if tally == self._noted:
                return
            self._noted = tally
        status = "partial" if tally["unusable"] or tally["quarantined"] else "succeeded"
        began = Run(f"{self._run}/{self.name}", KIND, self.name, None, ACTOR, self._started)
        now = to_micros(self._store.clock.now())
        with self._store.write() as connection:
            runs.note(connection, began.ended(status, now, tally, None))

    def _count(self, **numbers: int) -> None:
        with self._counting:
            self._tally.update({name: number for name, number in numbers.items() if number})
