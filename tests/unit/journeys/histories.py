"""Customers whose records are put straight into a store."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from itertools import count

import orjson

from hub.core.clock import to_micros
from hub.core.ids import SourceKey
from hub.core.records import AnyRecord, Order, OrderLine, encode
from hub.store import bulk
from hub.store.engine import Store
from hub.store.schema import (
    cluster_members,
    facts,
    golden_ids,
    golden_records,
    identity_keys,
    order_entries,
    source_records,
    streams,
)

START = datetime(2026, 1, 1, tzinfo=UTC)


def day(days: float) -> datetime:
    return START + timedelta(days=days)


class History:
    """A store that customers have a past in: every golden id has one person record."""

    def __init__(self, store: Store) -> None:
        self.store = store
        self._rids = count(1)
        self._streams: dict[tuple[str, str], int] = {}
        self._people: dict[str, int] = {}

    def person(
        self, golden_id: str, email: str | None = None, *, golden: Mapping[str, str] | None = None
    ) -> int:
        if golden_id not in self._people:
            rid = self._row(SourceKey("crm", "customers", golden_id), "person", b"")
            self._people[golden_id] = rid
            self._insert(cluster_members, ("rid", "golden_id", "since"), [(rid, golden_id, 0)])
            columns = ("golden_id", "status", "created_at", "changed_at")
            self._insert(golden_ids, columns, [(golden_id, "live", 0, 0)])
        if golden is not None:
            source = f"crm/customers/{golden_id}"
            fields = {name: {"value": value, "source": source} for name, value in golden.items()}
            record = (golden_id, "person", 1, orjson.dumps({"fields": fields}), b"", 0)
            named = ("golden_id", "entity", "version", "body", "digest", "updated_at")
            self._insert(golden_records, named, [record])
        if email is not None:
            key = ("email", email, self._people[golden_id], "a")
            self._insert(identity_keys, ("kind", "value", "rid", "initial"), [key])
        return self._people[golden_id]

    def add(self, golden_id: str | None, source: str, record: AnyRecord) -> None:
        party = None if golden_id is None else self.person(golden_id)
        rid = self._row(SourceKey.parse(source), record.entity_name, encode(record))
        if isinstance(record, Order | OrderLine):
            columns = (
                "rid", "line", "stream_id", "order_ref", "party_rid", "at", "currency", "kind",
                "quantity", "amount_minor", "positive", "cancelled",
            )  # fmt: skip
            entries = [
                (rid, line, 1, record.order_ref, party, 0, "AUD", "sale", 1, 1, True, False)
                for line in range(2)
            ]
            self._insert(order_entries, columns, entries)
        else:
            at = to_micros(getattr(record, "at", START))
            self._insert(
                facts, ("rid", "party_rid", "entity", "at"), [(rid, party, record.entity_name, at)]
            )

    def _row(self, key: SourceKey, entity: str, canonical: bytes) -> int:
        rid = next(self._rids)
        columns = (
            "rid", "stream_id", "source_id", "entity", "version", "fingerprint", "mapping",
            "canonical", "created_at", "changed_at",
        )  # fmt: skip
        row = (rid, self._stream(key, entity), key.source_id, entity, 1, b"", b"", canonical, 0, 0)
        self._insert(source_records, columns, [row])
        return rid

    def _stream(self, key: SourceKey, entity: str) -> int:
        name = (key.connection, key.stream)
        if name not in self._streams:
            self._streams[name] = len(self._streams) + 1
            stream: tuple[object, ...] = (self._streams[name], *name, entity)
            self._insert(streams, ("stream_id", "connection", "stream", "entity"), [stream])
        return self._streams[name]

    def _insert(self, table, columns, rows) -> None:
        with self.store.write() as connection:
            bulk.insert(connection, table, columns, rows)
