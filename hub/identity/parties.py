"""Party records of the store in comparison form, cached for one round of resolution."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from sqlalchemy import Connection, Row, select

from hub.core.ids import Rid, SourceKey
from hub.core.records import Organisation, Party, Person, decode
from hub.identity.comparison import Comparable, comparable
from hub.store.records import chunks, find, source_keys
from hub.store.schema import source_records, streams

AnyRow = Row[*tuple[Any, ...]]
_CACHED = 100_000
"""Comparison forms kept at most, so that memory does not grow with the store."""
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
            winners = source_keys(connection, {row.merged_into for row in rows if row.merged_into})
            for row in rows:
                self._known[Rid(row.rid)] = self._comparable(row, winners)
        for rid in missing:
            self._known.setdefault(rid, None)
        return {rid: known for rid in wanted if (known := self._known[rid]) is not None}

    def _comparable(self, row: AnyRow, winners: dict[int, SourceKey]) -> Comparable | None:
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


def row_ids(connection: Connection, keys: Iterable[SourceKey]) -> dict[SourceKey, Rid]:
    """Source-record key to row id, for the keys that the store knows."""
    found = ((key, find(connection, key)) for key in keys)
    return {key: rid for key, rid in found if rid is not None}


def _silent(entity: str, aliases: tuple[str, ...]) -> Party:
    made = Person if entity == "person" else Organisation
    return made(aliases=list(aliases))


def _rows(connection: Connection, rids: list[Rid]) -> Iterator[Sequence[AnyRow]]:
    for part in chunks(rids):
        yield connection.execute(_QUERY.where(source_records.c.rid.in_(part))).all()
