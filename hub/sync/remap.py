"""Stored rows under a changed mapping: mapped again from the store, without reading the source.

1. Nothing to do if every stored row has been through the mapping in force; the stream says so.
2. Rows go through the ordinary path, page by page, as if they had just been read; a row that no
   longer maps goes to quarantine, and its record stays as it was. The checkpoint does not move, and
   no record counts as seen: whether the source still has it is not known here.
3. The stream notes the mapping. A run that dies before that goes on with the rows that are left.
"""

from __future__ import annotations

from collections.abc import Iterator

import orjson
from sqlalchemy import Connection, select, update

from hub.core.connector import Page, Row, Stream
from hub.store import leases
from hub.store.engine import Store
from hub.store.keys import Keys
from hub.store.records import unpack
from hub.store.schema import source_records, streams
from hub.sync.counts import Counts
from hub.sync.ingest import Ingest
from hub.sync.target import Target

PAGE = 1_000
"""Rows mapped in one transaction."""


def map_again(store: Store, keys: Keys, target: Target) -> Counts:
    """What became of the stored rows that an older mapping had read.

    Raises:
        LeaseLost: If another process took over; what was committed stays.
        StoreError: If the database refused.
    """
    counts = Counts()
    with store.read() as connection:
        if _mapping_of(connection, target.stream_id) == target.mapping:  # 1
            return counts
    ingest = Ingest(store, keys, target, None)
    for rows in _outdated(store, target):
        counts.add(ingest.commit(Page(rows)).counts)  # 2
    with leases.writing(store, target.lease) as (connection, _):
        _note(connection, target)  # 3
    return counts


def _outdated(store: Store, target: Target) -> Iterator[list[Row]]:
    table, after = source_records.c, 0
    query = (
        select(table.rid, table.source_id, table.raw)
        .where(
            table.stream_id + 0 == target.stream_id,  # by row id: SQLite would sort for every page
            table.mapping != target.mapping,
            table.version > 0,
            table.raw.is_not(None),
            table.deleted_at.is_(None),
        )
        .order_by(table.rid)
        .limit(PAGE)
    )
    while True:
        with store.read() as connection:
            found = connection.execute(query.where(table.rid > after)).all()
        if not found:
            return
        after = found[-1].rid
        yield [
            row
            for item in found
            if _has_key(target.stream, row := orjson.loads(unpack(item.raw)), item.source_id)
        ]


def _has_key(stream: Stream, row: Row, source_id: str) -> bool:
    """Whether the row is still the same record; under another key, only a new read knows it."""
    try:
        return stream.key_of(row) == source_id
    except KeyError:
        return False


def _mapping_of(connection: Connection, stream_id: int) -> bytes | None:
    query = select(streams.c.mapping).where(streams.c.stream_id == stream_id)
    mapping: bytes | None = connection.execute(query).scalar_one()
    return mapping


def _note(connection: Connection, target: Target) -> None:
    connection.execute(
        update(streams)
        .where(streams.c.stream_id == target.stream_id)
        .values(mapping=target.mapping)
    )
