"""Records that are gone at their source: reported, merged away, or absent from a complete pass.

A party that is gone leaves its cluster, but its orders and consent stay: they happened. A fact that
is gone (a deleted ticket, a line no longer in the file) takes its fact rows with it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from sqlalchemy import Connection, bindparam, delete, func, select, update

from hub.core.connector import FullPass
from hub.core.ids import Rid
from hub.store.engine import Store
from hub.store.records import chunks, known
from hub.store.schema import facts, order_entries, source_records

if TYPE_CHECKING:
    from hub.sync.bitmap import Bitmap

PARTIES = ("person", "organisation")
UNREADABLE = 0
"""Bit of the pass's bitmap that says: a row was met whose key could not be read."""


@dataclass(frozen=True, slots=True)
class Removed:
    """One record that is gone, and the parties whose picture changes with it."""

    rid: Rid
    is_party: bool
    parties: tuple[Rid, ...]


@dataclass(frozen=True, slots=True)
class Fuse:
    """Why deletion by absence was held back."""

    absent: int
    live: int
    reason: str


def remove(
    connection: Connection,
    stream_id: int,
    gone: Sequence[str],
    merges: Mapping[str, str],
    now: int,
) -> list[Removed]:
    """Mark reported deletions and merges; ids that the store never held are ignored.

    Records that are gone already are left as they are: see :func:`rejoin`.
    """
    found = known(connection, stream_id, sorted({*gone, *merges, *merges.values()}))
    pairs = {
        found[loser].rid: found[winner].rid
        for loser, winner in merges.items()
        if loser in found and winner in found
    }
    live = [
        item.rid
        for source_id in sorted({*gone, *merges})
        if (item := found.get(source_id)) is not None and not item.deleted
    ]
    return [_with_survivor(item, pairs) for item in _mark_gone(connection, live, pairs, now)]


def rejoin(connection: Connection, stream_id: int, merges: Mapping[str, str]) -> list[Removed]:
    """Say of records that are gone already which ones absorbed them.

    Word of a merge may come in two parts: first that the loser is gone, later into which record.
    A merge that is known already changes nothing.
    """
    if not merges:
        return []
    found = known(connection, stream_id, sorted({*merges, *merges.values()}))
    pairs = {
        found[loser].rid: found[winner].rid
        for loser, winner in merges.items()
        if loser in found and winner in found and found[loser].deleted
    }
    told = {rid: into for chunk in chunks([*pairs]) for rid, into in _survivors(connection, chunk)}
    fresh = {rid: winner for rid, winner in pairs.items() if told[rid] != winner}
    if fresh:
        connection.execute(
            update(source_records)
            .where(source_records.c.rid == bindparam("gone"))
            .values(merged_into=bindparam("winner")),
            [{"gone": rid, "winner": winner} for rid, winner in fresh.items()],
        )
    return [
        _with_survivor(item, fresh)
        for chunk in chunks([*fresh])
        for item in _affected(connection, chunk)
    ]


def given_up(store: Store, stream_id: int, alive: Sequence[str]) -> list[str]:
    """Those of ``alive`` that the store calls gone: whoever listed them must have been wrong once.

    A list of ids lags behind the records, so that one of them may be missing from one list and
    stand in the next, without having changed in between.
    """
    with store.read() as connection:
        found = known(connection, stream_id, alive)
    return [source_id for source_id, held in found.items() if held.deleted]


def remove_absent(
    connection: Connection, stream_id: int, deletes: FullPass, seen: Bitmap, now: int
) -> tuple[list[Removed], Fuse | None]:
    """Mark the live records that a complete pass did not meet, unless the fuse blows.

    The fuse: more than ``deletes.max_percent`` of the live records are missing, or rows were met
    whose key could not be read, so that nobody can say which records are missing.
    """
    if UNREADABLE not in seen and seen.count() == _count(connection, stream_id):
        return [], None  # every row was met: on a first load the look at each of them is saved
    absent = [rid for rid in _live(connection, stream_id) if rid not in seen]
    if not absent:
        return [], None
    live = _count_live(connection, stream_id)
    if UNREADABLE in seen:
        return [], Fuse(len(absent), live, "some rows could not be read, so none is called missing")
    if len(absent) * 100 > deletes.max_percent * live:
        return [], Fuse(
            len(absent), live, f"more than {deletes.max_percent:g} % of the records are missing"
        )
    return _mark_gone(connection, absent, {}, now), None


def _with_survivor(item: Removed, merges: Mapping[Rid, Rid]) -> Removed:
    winner = merges.get(item.rid)
    return item if winner is None else replace(item, parties=(*item.parties, winner))


def _survivors(connection: Connection, rids: Sequence[Rid]) -> Iterator[tuple[Rid, int | None]]:
    table = source_records.c
    query = select(table.rid, table.merged_into).where(table.rid.in_(rids))
    return ((Rid(rid), into) for rid, into in connection.execute(query))


def _mark_gone(
    connection: Connection, rids: Sequence[Rid], merges: Mapping[Rid, Rid], now: int
) -> list[Removed]:
    removed = [item for chunk in chunks(rids) for item in _affected(connection, chunk)]
    if removed:
        table = source_records
        connection.execute(
            update(table)
            .where(table.c.rid == bindparam("gone"))
            .values(deleted_at=now, merged_into=bindparam("winner")),
            [{"gone": item.rid, "winner": merges.get(item.rid)} for item in removed],
        )
        for chunk in chunks([item.rid for item in removed if not item.is_party]):
            connection.execute(delete(order_entries).where(order_entries.c.rid.in_(chunk)))
            connection.execute(delete(facts).where(facts.c.rid.in_(chunk)))
    return removed


def _affected(connection: Connection, rids: Iterable[Rid]) -> Iterator[Removed]:
    table = source_records.c
    chosen = list(rids)
    entities = connection.execute(select(table.rid, table.entity).where(table.rid.in_(chosen)))
    parties: dict[int, set[Rid]] = {}
    for source in (facts.c, order_entries.c):
        query = select(source.rid, source.party_rid).where(
            source.rid.in_(chosen), source.party_rid.is_not(None)
        )
        for rid, party in connection.execute(query.distinct()):
            parties.setdefault(rid, set()).add(Rid(party))
    nobodys = select(facts.c.rid).where(facts.c.rid.in_(chosen), facts.c.party_rid.is_(None))
    for rid in connection.execute(nobodys).scalars():
        parties[rid] = {Rid(rid)}  # an anonymous answer counts, and so does its end
    for rid, entity in entities:
        is_party = entity in PARTIES
        touched = (Rid(rid),) if is_party else tuple(sorted(parties.get(rid, ())))
        yield Removed(Rid(rid), is_party, touched)


def _live(connection: Connection, stream_id: int) -> Iterator[Rid]:
    table = source_records.c
    query = select(table.rid).where(
        table.stream_id == stream_id, table.deleted_at.is_(None), table.version > 0
    )
    return (Rid(rid) for rid in connection.execute(query).scalars())


def _count(connection: Connection, stream_id: int) -> int:
    query = select(func.count()).where(source_records.c.stream_id == stream_id)
    return int(connection.execute(query).scalar_one())


def _count_live(connection: Connection, stream_id: int) -> int:
    table = source_records.c
    query = select(func.count()).where(
        table.stream_id == stream_id, table.deleted_at.is_(None), table.version > 0
    )
    return int(connection.execute(query).scalar_one())
