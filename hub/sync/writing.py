"""Writing what changed: records, places for the parties they name, facts, and what was said."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import Connection

from hub.core.clock import to_micros
from hub.core.ids import Rid, SourceKey
from hub.core.records import PARTIES, PartyRef, encode
from hub.store import bulk, ledger
from hub.store.engine import Store
from hub.store.keys import Keys
from hub.store.ledger import Observation
from hub.store.records import IdPool, keep_places, pack, stream_id
from hub.store.schema import facts, order_entries, source_records
from hub.sync.claims import claims_of
from hub.sync.compare import Mapped
from hub.sync.facts import (
    ENTRY_COLUMNS,
    FACT_COLUMNS,
    FactRows,
    Placed,
    Said,
    gather,
    implied_person,
    implied_stream,
    references,
)
from hub.sync.target import Changes, Target

RECORD_COLUMNS = (
    "rid", "stream_id", "source_id", "entity", "version", "fingerprint", "mapping", "canonical",
    "raw", "source_at", "created_at", "changed_at", "deleted_at", "merged_into",
)  # fmt: skip


class Writing:
    """Step 3 of a page: writes the records of one stream, and what they say.

    Args:
        store: The database.
        keys: Keyed hashes of this installation.
        target: Stream, lease and run.
    """

    def __init__(self, store: Store, keys: Keys, target: Target) -> None:
        self._keys = keys
        self._target = target
        self._rids = IdPool(store)
        self._stream_ids = IdPool(store, "streams")

    def make_room(self, rows: int) -> None:
        """Take ids for a page of so many rows, before its transaction begins."""
        self._rids.ensure(2 * rows + 1)
        self._stream_ids.ensure(8)

    def write(self, connection: Connection, mapped: Sequence[Mapped], changes: Changes) -> None:
        """Write records that are new or changed, with their facts and the ledger's events."""
        placed = [self._place(item) for item in mapped]
        self._write_records(connection, mapped, placed, changes.now)
        places = self.party_places(connection, references(placed), changes)
        fact_rows = gather(placed, self._target.stream_id, places, self._target.region)
        self._write_facts(connection, placed, fact_rows)
        self.tell(connection, fact_rows.claims, fact_rows.ended, changes)
        changes.identity.update(item.rid for item in placed if isinstance(item.record, PARTIES))
        changes.facts.update(places.values())
        changes.facts.update(fact_rows.nobodys)
        changes.digests.extend(
            (where.rid, item.keyed.fingerprint) for item, where in zip(mapped, placed, strict=True)
        )
        changes.counts.stored += len(placed)

    def _place(self, item: Mapped) -> Placed:
        rid = item.held.rid if item.held else self._rids.take()
        version = item.held.version + 1 if item.held else 1
        returned = item.held is not None and item.held.deleted
        return Placed(rid, item.keyed.source_id, version, item.record, item.previous, returned)

    def _write_records(
        self, connection: Connection, mapped: Sequence[Mapped], placed: Sequence[Placed], now: int
    ) -> None:
        fresh: list[tuple[object, ...]] = []
        again: list[tuple[object, ...]] = []
        for item, where in zip(mapped, placed, strict=True):
            rows = fresh if item.held is None else again
            rows.append(self._record_row(item, where, now))
        bulk.insert(connection, source_records, RECORD_COLUMNS, fresh)
        bulk.upsert(
            connection,
            source_records,
            RECORD_COLUMNS,
            again,
            key=("rid",),
            keep=("stream_id", "source_id", "created_at"),
        )

    def _record_row(self, item: Mapped, where: Placed, now: int) -> tuple[object, ...]:
        updated = getattr(item.record, "updated_at", None) or getattr(item.record, "at", None)
        return (
            where.rid, self._target.stream_id, where.source_id, item.record.entity_name,
            where.version, item.keyed.fingerprint, self._target.mapping, item.canonical,
            pack(item.keyed.raw), None if updated is None else to_micros(updated), now, now,
            None, None,
        )  # fmt: skip

    def party_places(
        self, connection: Connection, refs: set[PartyRef], changes: Changes
    ) -> dict[PartyRef, Rid]:
        """The row id of each party that is named; of one not read yet, a place kept for it."""
        streams = {
            name: stream_id(connection, self._target.connection, name, "person", self._stream_ids)
            for name in sorted({implied_stream(ref) for ref in refs})
        }
        wanted = {ref: (streams[implied_stream(ref)], ref.id) for ref in refs}
        said = {}
        for ref, place in wanted.items():
            person = implied_person(ref)
            said[place] = None if person is None else encode(person)
        places, new = keep_places(connection, said, self._rids, changes.now)
        changes.identity.update(new)
        return {ref: places[place] for ref, place in wanted.items()}

    def _write_facts(
        self, connection: Connection, placed: Sequence[Placed], rows: FactRows
    ) -> None:
        rewritten = [item.rid for item in placed if item.version > 1]
        for table in ("order_entries", "facts"):
            _delete_by_rid(connection, table, rewritten)
        bulk.insert(connection, order_entries, ENTRY_COLUMNS, rows.entries)
        bulk.insert(connection, facts, FACT_COLUMNS, rows.facts)

    def tell(
        self,
        connection: Connection,
        claims: Sequence[Said],
        ended: Sequence[Said],
        changes: Changes,
    ) -> None:
        """Append to the ledger what was said, and which grants were said no longer."""
        heard = [(self._observed(said, changes.now), said.claim) for said in claims]
        unsaid = [(self._observed(said, changes.now), said.claim) for said in ended]
        changes.counts.events += ledger.append(connection, heard, self._keys)
        changes.counts.events += ledger.end(connection, unsaid, self._keys)
        changes.facts.update(said.party for said in (*claims, *ended))

    def _observed(self, said: Said, now: int) -> Observation:
        target, item = self._target, said.item
        return Observation(
            key=SourceKey(target.connection, target.stream.name, item.source_id),
            rid=said.party,
            said_by=item.rid,
            version=item.version,
            before=claims_of(item.previous),
            observed_at=now,
            created_at=getattr(item.record, "created_at", None),
            region=target.region,
            brand=target.brand,
            run=target.run,
        )


def _delete_by_rid(connection: Connection, table: str, rids: Sequence[Rid]) -> None:
    if rids:
        mark = "?" if connection.dialect.name == "sqlite" else "%s"
        connection.exec_driver_sql(
            f"DELETE FROM {table} WHERE rid = {mark}",  # noqa: S608 - the name is a constant above
            [(rid,) for rid in rids],
        )
