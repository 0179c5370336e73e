"""One page into the store: the only place where source records are written.

The page is a unit. Its rows, fact rows, ledger events, quarantined rows, dirty marks, audit leaf
and checkpoint are one transaction, guarded by the run's lease.

1. Key and fingerprint every row; rows that cannot be keyed are bad.
2. Compare with the store, drop suppressed people, map what changed (``hub.sync.compare``).
3. Write the records; keep places for the parties they name; write facts and consent events
   (``hub.sync.writing``).
4. Apply deletions and merges; after the last page of a complete pass, deletions by absence.
5. Quarantine bad rows; a bad row that is already there counts as unchanged.
6. Mark who is to be looked at again, add the audit leaf, save the checkpoint.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import orjson
from sqlalchemy import Connection

from hub.audit import log
from hub.audit.log import AuditEvent
from hub.audit.merkle import page_digest
from hub.core.clock import from_micros, to_micros
from hub.core.connector import FullPass, Page
from hub.core.errors import StoreConflict
from hub.core.ids import Rid
from hub.store import bulk, dirty, ledger, quarantine
from hub.store.engine import Store
from hub.store.keys import Keys
from hub.store.leases import renew
from hub.store.quarantine import BadRow
from hub.store.records import IdPool, Known, known
from hub.store.schema import checkpoints
from hub.sync.bitmap import Bitmap
from hub.sync.claims import CLAIMANTS
from hub.sync.compare import Compared, Comparer, Keyed
from hub.sync.counts import Counts
from hub.sync.facts import departed, last_grants, references
from hub.sync.removal import UNREADABLE, Fuse, rejoin, remove, remove_absent
from hub.sync.target import Changes, Target
from hub.sync.writing import Writing

ATTEMPTS = 5
"""Times that a page is tried when another transaction wants the same rows (PostgreSQL only)."""

Also = Callable[[Connection, int], None]
"""What a page's transaction does beside; it is given the instant of the commit, microseconds."""


def nothing_else(_connection: Connection, _now: int) -> None:
    """Adds nothing to the transaction."""


@dataclass(frozen=True, slots=True)
class Committed:
    """What one page became, and why deletion by absence was held back, if it was."""

    counts: Counts
    fuse: Fuse | None


class Ingest:
    """Commits the pages of one stream.

    Args:
        store: The database.
        keys: Keyed hashes of this installation.
        target: Stream, lease and run.
        seen: Records that the full pass has met; None when nothing is deleted by absence.
    """

    def __init__(self, store: Store, keys: Keys, target: Target, seen: Bitmap | None) -> None:
        self._store = store
        self._keys = keys
        self._target = target
        self._seen = seen
        self._comparer = Comparer(
            target.connection, target.stream, target.stream_id, target.mapping, keys
        )
        self._writing = Writing(store, keys, target)
        self._qids = IdPool(store, "quarantine")

    def commit(self, page: Page, also: Also = nothing_else) -> Committed:
        """Write the page whole; returns what became of its rows.

        A page that meets another stream keeping a place for the same party gives way and is tried
        again; the second time it finds that place.

        Args:
            page: The rows.
            also: What else the transaction does, at its end.

        Raises:
            LeaseLost: If another process took over; nothing was written.
            StoreError: If the database refused; nothing was written.
        """
        if self._seen is not None and page.begins:
            self._seen = Bitmap()
        committed = self._commit_patiently(page, also)
        if self._seen is not None and page.complete:
            self._seen = Bitmap()  # the next pass meets everybody anew
        return committed

    def _commit_patiently(self, page: Page, also: Also) -> Committed:
        for _ in range(ATTEMPTS - 1):
            seen = None if self._seen is None else self._seen.copy()
            try:
                return self._commit(page, also)
            except StoreConflict:
                self._seen = seen  # row ids of an attempt that was rolled back are nobody's
        return self._commit(page, also)

    def _commit(self, page: Page, also: Also) -> Committed:
        counts = Counts(read=len(page.rows) + len(page.rejects))
        rows, bad = self._comparer.key(page)  # 1
        self._writing.make_room(len(rows))
        self._qids.ensure(counts.read)
        seq = dirty.sequence(self._store)
        changes = Changes(to_micros(self._store.clock.now()), counts)
        with self._store.write() as connection:
            ledger.may_change(connection)
            renew(connection, self._target.lease, changes.now)
            compared = self._comparer.compare(connection, rows)  # 2
            mapped, unmappable = self._comparer.map(connection, compared.changed)
            self._writing.write(connection, mapped, changes)  # 3
            alive = self._alive(connection, page)
            self._note_seen(compared, alive, changes, bad)
            gone = [*page.deletes, *compared.tombstones]
            fuse = self._remove(connection, page, gone, changes)  # 4
            self._quarantine(connection, [*bad, *unmappable], changes)  # 5
            quarantine.settle(
                connection, self._target.stream_id, _good(rows, unmappable), changes.now
            )
            counts.unchanged += len(compared.unchanged) + compared.duplicates
            counts.suppressed += compared.suppressed
            counts.skipped += len(compared.tombstones)
            self._mark(connection, changes, seq)  # 6
            self._audit(connection, changes)
            self._save(connection, page, changes.now)
            also(connection, changes.now)
        return Committed(counts, fuse)

    # 4 ---------------------------------------------------------------------------------------

    def _alive(self, connection: Connection, page: Page) -> Mapping[str, Known]:
        wanted = self._seen is not None and page.alive
        return known(connection, self._target.stream_id, page.alive) if wanted else {}

    def _note_seen(
        self,
        compared: Compared,
        alive: Mapping[str, Known],
        changes: Changes,
        bad: Sequence[BadRow],
    ) -> None:
        if self._seen is None:
            return
        met = [held.rid for _, held in compared.changed if held]  # also those that no longer map
        met += [held.rid for held in alive.values()]
        for rid in (*compared.unchanged, *met, *(rid for rid, _ in changes.digests)):
            self._seen.add(rid)
        if bad:
            self._seen.add(UNREADABLE)

    def _remove(
        self,
        connection: Connection,
        page: Page,
        gone: Sequence[str],
        changes: Changes,
    ) -> Fuse | None:
        stream_id, deletes = self._target.stream_id, self._target.stream.deletes
        rejoined, fuse = rejoin(connection, stream_id, page.merges), None
        removed = remove(connection, stream_id, gone, page.merges, changes.now)
        if page.complete and self._seen is not None and isinstance(deletes, FullPass):
            absent, fuse = remove_absent(connection, stream_id, deletes, self._seen, changes.now)
            removed += absent
        changes.counts.deleted += len(removed)
        for items, digest in ((removed, b"deleted"), (rejoined, b"merged")):
            for item in items:
                (changes.identity if item.is_party else changes.facts).update(item.parties)
                changes.digests.append((item.rid, digest))
        self._end_grants(connection, [item.rid for item in removed], changes)
        return fuse

    def _end_grants(self, connection: Connection, gone: Sequence[Rid], changes: Changes) -> None:
        if not gone or self._target.stream.entity not in CLAIMANTS:
            return
        placed = departed(connection, gone)
        places = self._writing.party_places(connection, references(placed), changes)
        ended = [said for item in placed for said in last_grants(item, places, self._target.region)]
        self._writing.tell(connection, [], ended, changes)

    # 5, 6 ------------------------------------------------------------------------------------

    def _quarantine(self, connection: Connection, bad: Sequence[BadRow], changes: Changes) -> None:
        target = self._target
        fresh = quarantine.keep(
            connection, target.stream_id, bad, self._qids, target.run, changes.now
        )
        changes.counts.quarantined += fresh
        changes.counts.unchanged += len(bad) - fresh

    def _mark(self, connection: Connection, changes: Changes, seq: int) -> None:
        cause = self._target.cause
        dirty.mark(connection, "identity", map(str, changes.identity), cause=cause, seq=seq)
        dirty.mark(connection, "facts", map(str, changes.facts), cause=cause, seq=seq)

    def _audit(self, connection: Connection, changes: Changes) -> None:
        if not (changes.digests or changes.counts.quarantined):
            return
        rows = ((rid.to_bytes(8), digest) for rid, digest in sorted(changes.digests))
        log.record(
            connection,
            AuditEvent(
                kind="sync.page",
                actor=self._target.actor,
                at=from_micros(changes.now),
                connection=self._target.connection,
                what={
                    "stream": self._target.stream.name,
                    "run": self._target.run,
                    "rows": page_digest(self._keys.pages, rows),
                    **changes.counts.as_dict(),
                },
            ),
        )

    def _save(self, connection: Connection, page: Page, now: int) -> None:
        if page.next_state is None:
            return
        seen = None if page.complete or self._seen is None else self._seen.pack()
        state = orjson.dumps(page.next_state, option=orjson.OPT_SORT_KEYS)
        bulk.upsert(
            connection,
            checkpoints,
            ("stream_id", "state", "seen", "updated_at"),
            [(self._target.stream_id, state, seen, now)],
            key=("stream_id",),
        )


def _good(rows: Sequence[Keyed], bad: Sequence[BadRow]) -> list[str]:
    """Source ids that are fine as they stand now: a bad row of theirs in quarantine is history."""
    broken = {row.source_id for row in bad}
    return [row.source_id for row in rows if row.source_id not in broken]
