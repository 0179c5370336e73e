"""Party records of the store in comparison form, cached for one round of resolution."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from typing import Any, TypeVar

from sqlalchemy import Connection, Row, and_, select

from hub.core.ids import GoldenId, Rid, SourceKey
from hub.core.records import Organisation, Party, Person, decode
from hub.identity.blocking import BlockingKey
from hub.identity.comparison import Comparable, comparable
from hub.store.schema import source_records, streams

AnyRow = Row[*tuple[Any, ...]]
_CACHED = 100_000
"""Comparison forms kept at most, so that memory does not grow with the store."""
_CHUNK = 900
_Sortable = TypeVar("_Sortable", int, str, Rid, GoldenId, BlockingKey)


def parts(values: Iterable[_Sortable]) -> Iterator[list[_Sortable]]:
    """``values`` in order, in lists short enough for one SQL statement."""
    ordered = sorted(values)
    return (ordered[start : start + _CHUNK] for start in range(0, len(ordered), _CHUNK))


_COLUMNS = (
    source_records.c.rid,
    streams.c.connection,
    streams.c.stream,
    source_records.c.source_id,
    source_records.c.entity,
    source_records.c.canonical,
    source_records.c.deleted_at,
    source_records.c.merged_into,
)
_QUERY = select(*_COLUMNS).join(streams, streams.c.stream_id == source_records.c.stream_id)
PARTIES = ("person", "organisation")


class Parties:
    """Comparison forms by row id; a record that is gone has none.

    A record that its vendor merged into another stays, so that its facts follow, but says nothing
    of its own: it is bound to the record that absorbed it.
    """

    def __init__(self, region: str) -> None:
        self._region = region
        self._known: dict[Rid, Comparable | None] = {}

    def load(self, connection: Connection, rids: Iterable[Rid]) -> dict[Rid, Comparable]:
        """The live parties among ``rids``."""
        wanted = set(rids)
        if len(self._known) > _CACHED:
            self._known.clear()
        missing = [rid for rid in wanted if rid not in self._known]
        for rows in _rows(connection, missing):
            winners = _keys_of(connection, {row.merged_into for row in rows if row.merged_into})
            for row in rows:
                self._known[Rid(row.rid)] = self._comparable(row, winners)
        for rid in missing:
            self._known.setdefault(rid, None)
        return {rid: known for rid in wanted if (known := self._known[rid]) is not None}

    def _comparable(self, row: AnyRow, winners: dict[Rid, SourceKey]) -> Comparable | None:
        key = SourceKey(row.connection, row.stream, row.source_id)
        winner = winners.get(row.merged_into)
        if row.entity not in PARTIES or (row.deleted_at is not None and winner is None):
            return None
        aliases = (winner.source_id,) if winner is not None else ()
        if winner is not None or row.canonical is None:
            return comparable(Rid(row.rid), key, _silent(row.entity, aliases), self._region)
        party = decode(row.canonical)
        assert isinstance(party, Person | Organisation)
        return comparable(Rid(row.rid), key, party, self._region)


def all_parties(connection: Connection) -> list[Rid]:
    """Row ids of every party record, gone ones included."""
    query = select(source_records.c.rid).where(source_records.c.entity.in_(PARTIES))
    return [Rid(rid) for (rid,) in connection.execute(query.order_by(source_records.c.rid))]


def live_persons(connection: Connection) -> Iterator[Person]:
    """Every person that its source still holds."""
    table = source_records.c
    query = select(table.canonical).where(
        table.entity == "person", table.deleted_at.is_(None), table.canonical.is_not(None)
    )
    for canonical in connection.execute(query).scalars():
        person = decode(canonical)
        assert isinstance(person, Person)
        yield person


def source_keys(connection: Connection, rids: Collection[Rid]) -> dict[Rid, SourceKey]:
    """Row id to source-record key, whatever became of the record."""
    return _keys_of(connection, set(rids))


def row_ids(connection: Connection, keys: Iterable[SourceKey]) -> dict[SourceKey, Rid]:
    """Source-record key to row id, for the keys that the store knows."""
    found = {}
    for key in keys:
        query = _QUERY.where(
            and_(
                streams.c.connection == key.connection,
                streams.c.stream == key.stream,
                source_records.c.source_id == key.source_id,
            )
        )
        row = connection.execute(query).one_or_none()
        if row is not None:
            found[key] = Rid(row.rid)
    return found


def _silent(entity: str, aliases: tuple[str, ...]) -> Party:
    made = Person if entity == "person" else Organisation
    return made(aliases=list(aliases))


def _keys_of(connection: Connection, rids: set[Rid]) -> dict[Rid, SourceKey]:
    return {
        Rid(row.rid): SourceKey(row.connection, row.stream, row.source_id)
        for rows in _rows(connection, list(rids))
        for row in rows
    }


def _rows(connection: Connection, rids: list[Rid]) -> Iterator[Sequence[AnyRow]]:
    for part in parts(rids):
        yield connection.execute(_QUERY.where(source_records.c.rid.in_(part))).all()
