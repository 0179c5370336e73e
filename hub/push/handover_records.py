"""The records of a system that tasks and notes hang on."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import ColumnElement, Connection, select

from hub.core.connector import Item
from hub.push.handover import Recipient, Wanted
from hub.store.handovers import Handover
from hub.store.records import chunks
from hub.store.schema import cluster_members, source_records, streams


@dataclass(frozen=True, slots=True)
class Record:
    """A record of the system, alive."""

    rid: int
    native_id: str


def find(
    connection: Connection,
    recipient: Recipient[Item],
    wanted: Sequence[Wanted[Item]],
    known: Mapping[str, Handover],
) -> dict[str, Record]:
    """By key, the record: the one that is named, the one it hangs on, or the customer's first.

    The first is the one with the shortest and then lowest native id, so that it is the same on
    every machine. An item stays where it hangs for as long as that is the customer's; one that is
    over stays there anyway.

    Args:
        connection: The database.
        recipient: The system.
        wanted: The items.
        known: What is known of them, by key.
    """
    live = _live(recipient)
    people = {each.golden_id for each in wanted if each.golden_id and each.on is None}
    theirs = _of_customers(connection, people, live)
    named = [each.on for each in wanted] + [row.rid for row in known.values()]
    alive = _alive(connection, {rid for rid in named if rid is not None}, live)
    found: dict[str, Record] = {}
    for each in wanted:
        row, own = known.get(each.key), theirs.get(each.golden_id or "", [])
        kept = None if row is None or row.rid is None else alive.get(row.rid)
        record = min(own, key=_first, default=None)
        if each.on is not None:
            record = alive.get(each.on)
        elif kept is not None and (kept in own or each.over):
            record = kept
        if record is not None:
            found[each.key] = record
    return found


def _first(record: Record) -> tuple[int, str]:
    return len(record.native_id), record.native_id


def _of_customers(
    connection: Connection, golden_ids: Collection[str], live: Sequence[ColumnElement[bool]]
) -> dict[str, list[Record]]:
    found: dict[str, list[Record]] = {}
    for chunk in chunks(sorted(golden_ids)):
        query = (
            select(cluster_members.c.golden_id, source_records.c.rid, source_records.c.source_id)
            .join(source_records, source_records.c.rid == cluster_members.c.rid)
            .join(streams, streams.c.stream_id == source_records.c.stream_id + 0)
            .where(cluster_members.c.golden_id.in_(chunk), *live)
        )
        for golden_id, rid, native_id in connection.execute(query):
            found.setdefault(golden_id, []).append(Record(rid, native_id))
    return found


def _alive(
    connection: Connection, rids: Collection[int], live: Sequence[ColumnElement[bool]]
) -> dict[int, Record]:
    found: dict[int, Record] = {}
    for chunk in chunks(sorted(rids)):
        query = (
            select(source_records.c.rid, source_records.c.source_id)
            .join(streams, streams.c.stream_id == source_records.c.stream_id + 0)
            .where(source_records.c.rid.in_(chunk), *live)
        )
        for rid, native_id in connection.execute(query):
            found[rid] = Record(rid, native_id)
    return found


def _live(recipient: Recipient[Item]) -> tuple[ColumnElement[bool], ...]:
    return (
        streams.c.connection == recipient.name,
        streams.c.stream == recipient.creator.stream,
        source_records.c.deleted_at.is_(None),
        source_records.c.version > 0,
    )
