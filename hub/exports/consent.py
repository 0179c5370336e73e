"""The consent ledger as a file: every event that was ever appended, oldest observation first.

Nothing is folded here: it is the evidence itself, with the source record that said it, what was
said, how it is known, and when. Addresses stand as the keyed hashes that the ledger holds.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import closing
from typing import Any, Final

import orjson
from sqlalchemy import Connection, Row, Select, select

from hub.core.clock import from_micros
from hub.core.connector import Value
from hub.exports.delivery import Content
from hub.exports.profiles import PAGE, Form, table
from hub.store.schema import cluster_members, consent_events, source_records, streams

FIELDS: Final = (
    "event_id", "connection", "stream", "source_id", "golden_id", "point", "purpose", "channel",
    "brand", "decision", "strength", "basis", "jurisdiction", "notice", "evidence", "given_by",
    "asserted_at", "asserted_as", "observed_at", "valid_until", "origin", "run_id", "said_by",
    "version",
)  # fmt: skip
"""Columns of the CSV and keys of the JSON lines, in this order.

``connection``, ``stream`` and ``source_id`` name the record that the event is about, ``said_by``
the record that said so."""

_INSTANTS = frozenset({"asserted_at", "observed_at", "valid_until"})


def content(connection: Connection, form: Form) -> Content:
    """Every ledger event in ``form``, read while it is written."""
    if form == "jsonl":
        return Content("", (orjson.dumps(row).decode() + "\n" for row in _rows(connection)))
    return table(FIELDS, (list(row.values()) for row in _rows(connection)), form)


def _rows(connection: Connection) -> Iterator[Mapping[str, Value]]:
    with closing(connection.execute(_query().execution_options(yield_per=PAGE))) as result:
        for row in result:
            yield {name: _cell(name, row) for name in FIELDS}


def _cell(name: str, row: Row[Any]) -> Value:
    value: Value | bytes = row._mapping[name]
    if isinstance(value, bytes):
        return value.hex()
    if name in _INSTANTS and isinstance(value, int):
        return from_micros(value).isoformat()
    return value


def _query() -> Select[Any]:
    event, record = consent_events.c, source_records.c
    speaker, spoken = source_records.alias("speaker"), streams.alias("spoken")
    said_by = spoken.c.connection + "/" + spoken.c.stream + "/" + speaker.c.source_id
    named = [event[name] for name in FIELDS if name in event and name != "said_by"]
    return (
        select(*named, streams.c.connection, streams.c.stream, record.source_id)
        .add_columns(cluster_members.c.golden_id, said_by.label("said_by"))
        .join(source_records, record.rid == event.rid)
        .join(streams, streams.c.stream_id == record.stream_id)
        .outerjoin(cluster_members, cluster_members.c.rid == event.rid)
        .outerjoin(speaker, speaker.c.rid == event.said_by)
        .outerjoin(spoken, spoken.c.stream_id == speaker.c.stream_id)
        .order_by(event.observed_at, event.event_id)
    )
