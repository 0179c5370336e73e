"""Source records in the store: finding them, keeping a place for them, packing their raw form."""

from __future__ import annotations

import zlib
from collections.abc import Iterable, Mapping, Sequence
from itertools import islice
from typing import NamedTuple, TypeVar

import orjson
from sqlalchemy import Connection, Select, select

from hub.core.ids import Rid, SourceKey
from hub.store import bulk
from hub.store.engine import Store
from hub.store.schema import source_records, streams

CHUNK = 500
"""Keys per IN list: below SQLite's oldest limit of bound variables."""

PACK_ABOVE = 512
"""Bytes from which a raw payload is worth compressing; below, zlib costs more than it saves."""


Place = tuple[int, str]
"""Stream id and source id of a party."""

T = TypeVar("T")


class IdPool:
    """Row ids for one run, taken from the store in blocks and used inside transactions.

    Args:
        store: Where blocks come from.
        name: Which table's ids.
    """

    def __init__(self, store: Store, name: str = "source_records") -> None:
        self._store = store
        self._name = name
        self._ids: list[int] = []

    def ensure(self, count: int) -> None:
        """Hold at least ``count`` ids; call it outside of a transaction."""
        if len(self._ids) < count:
            fresh = self._store.allocate(self._name, max(count, 2_000))
            self._ids = [*reversed(fresh), *self._ids]

    def take(self) -> Rid:
        """The next id."""
        return Rid(self._ids.pop())


class Known(NamedTuple):
    """What the store holds of one source record."""

    rid: Rid
    version: int
    fingerprint: bytes
    deleted: bool


def stream_id(connection: Connection, name: str, stream: str, entity: str, pool: IdPool) -> int:
    """Row id of stream ``stream`` of connection ``name``, registered on first sight."""
    query = select(streams.c.stream_id).where(
        streams.c.connection == name, streams.c.stream == stream
    )
    found = connection.execute(query).scalar()
    if found is None:
        columns = ("stream_id", "connection", "stream", "entity")
        bulk.insert_new(connection, streams, columns, [(pool.take(), name, stream, entity)])
        found = connection.execute(query).scalar_one()
    return int(found)


def known(connection: Connection, stream: int, source_ids: Sequence[str]) -> dict[str, Known]:
    """What the store holds of ``source_ids``, by id; unknown ones are absent."""
    # One statement whatever the page size: an IN list of 2,000 costs more to compile than to run.
    if connection.dialect.name == "sqlite":
        rows = connection.exec_driver_sql(
            "SELECT s.source_id, s.rid, s.version, s.fingerprint, s.deleted_at"
            " FROM json_each(?) AS wanted CROSS JOIN source_records AS s"
            " ON s.stream_id = ? AND s.source_id = wanted.value",
            (orjson.dumps(list(source_ids)).decode(), stream),
        )
    else:
        rows = connection.exec_driver_sql(
            "SELECT source_id, rid, version, fingerprint, deleted_at FROM source_records"
            " WHERE stream_id = %s AND source_id = ANY(%s)",
            (stream, list(source_ids)),
        )
    return {
        source_id: Known(Rid(rid), version, bytes(fingerprint), deleted_at is not None)
        for source_id, rid, version, fingerprint, deleted_at in rows
    }


def keep_places(
    connection: Connection, parties: Mapping[Place, bytes | None], pool: IdPool, now: int
) -> tuple[dict[Place, Rid], list[Rid]]:
    """Row ids of the parties that facts name, and which of them are new.

    A party named before its own record arrived gets a place: a row of version 0, which the record
    fills when it comes.

    ``parties`` maps each to what the fact itself says about it, as a canonical record, or None.
    """
    places = _places(connection, sorted(parties))
    missing = [party for party in sorted(parties) if party not in places]
    if not missing:
        return places, []
    rows = [
        (pool.take(), *party, "person", 0, b"", b"", parties[party], now, now) for party in missing
    ]
    columns = (
        "rid", "stream_id", "source_id", "entity", "version", "fingerprint", "mapping",
        "canonical", "created_at", "changed_at",
    )  # fmt: skip
    bulk.insert_new(connection, source_records, columns, rows)
    places |= _places(connection, missing)  # another stream may have been faster
    return places, [places[party] for party in missing]


def bury(
    connection: Connection,
    stream: int,
    entity: str,
    source_ids: Sequence[str],
    pool: IdPool,
    now: int,
) -> None:
    """Remember that records are gone of which the store has never heard.

    Word of a deletion may overtake that of the record's creation, which then must not count.
    """
    rows = [
        (pool.take(), stream, source_id, entity, 0, b"", b"", now, now, now)
        for source_id in sorted(set(source_ids) - known(connection, stream, source_ids).keys())
    ]
    columns = (
        "rid", "stream_id", "source_id", "entity", "version", "fingerprint", "mapping",
        "created_at", "changed_at", "deleted_at",
    )  # fmt: skip
    bulk.insert_new(connection, source_records, columns, rows)


def _places(connection: Connection, parties: Sequence[Place]) -> dict[Place, Rid]:
    # Stream by stream: SQLite answers a row-value IN list with a scan of the whole table.
    by_stream: dict[int, list[str]] = {}
    for stream, source_id in parties:
        by_stream.setdefault(stream, []).append(source_id)
    return {
        (stream, source_id): held.rid
        for stream, source_ids in by_stream.items()
        for source_id, held in known(connection, stream, source_ids).items()
    }


def source_keys(connection: Connection, rids: Iterable[int]) -> dict[int, SourceKey]:
    """The source key of each row id."""
    keys: dict[int, SourceKey] = {}
    for chunk in chunks(sorted(set(rids))):
        query = (
            select(
                source_records.c.rid,
                streams.c.connection,
                streams.c.stream,
                source_records.c.source_id,
            )
            .join(streams, streams.c.stream_id == source_records.c.stream_id)
            .where(source_records.c.rid.in_(chunk))
        )
        for rid, connection_name, stream, source_id in connection.execute(query):
            keys[rid] = SourceKey(connection_name, stream, source_id)
    return keys


def find(connection: Connection, key: SourceKey) -> Rid | None:
    """Row id of a source key, or None."""
    rid = connection.execute(_of_key(key)).scalar()
    return None if rid is None else Rid(rid)


def deleted(connection: Connection, key: SourceKey) -> Rid | None:
    """Row id of a source key whose source has deleted it; None if it is there or never was."""
    query = _of_key(key).where(source_records.c.deleted_at.is_not(None))
    rid = connection.execute(query).scalar()
    return None if rid is None else Rid(rid)


def _of_key(key: SourceKey) -> Select[int]:
    return (
        select(source_records.c.rid)
        .join(streams, streams.c.stream_id == source_records.c.stream_id)
        .where(
            streams.c.connection == key.connection,
            streams.c.stream == key.stream,
            source_records.c.source_id == key.source_id,
        )
    )


def pack(raw: bytes) -> bytes:
    """The raw payload as stored: a marker byte, then the bytes, compressed if that pays."""
    return b"\0" + raw if len(raw) < PACK_ABOVE else b"\1" + zlib.compress(raw, 1)


def unpack(stored: bytes) -> bytes:
    """The raw payload as received."""
    return zlib.decompress(stored[1:]) if stored[:1] == b"\1" else stored[1:]


def chunks(items: Sequence[T], most: int = CHUNK) -> Iterable[list[T]]:
    """``items`` in lists short enough for an IN list."""
    iterator = iter(items)
    while chunk := list(islice(iterator, most)):
        yield chunk
