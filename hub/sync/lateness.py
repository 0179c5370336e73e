"""Rows that come too late: deliveries come in any order, and an old one undoes no newer one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

import orjson
from sqlalchemy import Connection, select

from hub.core.clock import from_micros
from hub.core.connector import Row, Stream
from hub.core.errors import SkipRecord
from hub.core.pages import instant_of
from hub.store.engine import Store
from hub.store.records import chunks, unpack
from hub.store.schema import source_records


def news(
    store: Store, row_id: int, stream: Stream, rows: Sequence[Row], *, rereads: bool
) -> Sequence[Row]:
    """The rows that are not older than what the store holds.

    Args:
        store: The database.
        row_id: Of the stream.
        stream: Its declaration.
        rows: As the delivery brought them.
        rereads: Whether they were read from the system just now.
    """
    if stream.updated is None or not rows:
        return rows
    ids = [key for row in rows if (key := _key(stream, row)) is not None]
    with store.read() as connection:
        held = _held(connection, row_id, stream.updated, ids)
    return [row for row in rows if not _is_late(stream, row, held, rereads)]


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
