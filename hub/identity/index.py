"""Blocking keys in the store: who carries which value, and which values say nothing any more.

How much an e-mail or phone weighs depends on who else carries it, and a value on too many records
is no key at all. A change that moves a value over such a line concerns every carrier, so all of
them are resolved again: otherwise the result would depend on the order of arrival.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from sqlalchemy import Connection, delete, func, select

from hub.core.ids import Rid
from hub.identity.blocking import CONTACT, BlockingKey, cap, keys
from hub.identity.comparison import Comparable, formal_initial
from hub.store import bulk
from hub.store.records import chunks
from hub.store.schema import identity_keys

Carriers = Mapping[str, int]
"""Number of records by first-name initial; the empty initial stands for unnamed records."""


@dataclass(frozen=True, slots=True)
class Indexed:
    """What indexing changed.

    Args:
        concerned: Other records whose links may change because a value crossed a line.
        capped: Values that ceased to be keys because too many records carry them, by kind.
    """

    concerned: frozenset[Rid] = frozenset()
    capped: Mapping[str, int] = field(default_factory=dict)


def reindex(
    connection: Connection,
    rids: Collection[Rid],
    parties: Mapping[Rid, Comparable],
    max_shared_by: int,
) -> Indexed:
    """Bring the keys of ``rids`` in line with ``parties``; a record without a party loses its keys.

    1. Compare the rows that stand with those that should.
    2. Note how every changed value stood before and stands after.
    3. Write, then name the carriers of values that crossed a line.
    """
    old = _rows_of(connection, rids)  # step 1
    new = {row for party in parties.values() for row in _rows(party)}
    delta: defaultdict[BlockingKey, dict[str, int]] = defaultdict(dict)
    for sign, rows in ((-1, old - new), (1, new - old)):
        for kind, value, _, initial in rows:
            change = delta[BlockingKey(kind, value)]
            change[initial] = change.get(initial, 0) + sign
    before = standings(connection, delta)  # step 2
    _write(connection, old, new)  # step 3
    crossed, capped = set(), Counter[str]()
    for key, stood in before.items():
        then, now = (_worth(key, at, max_shared_by) for at in (stood, _sum(stood, delta[key])))
        if then != now:
            crossed.add(key)
            capped[key.kind] += now is None
    concerned = {rid for _, rid in carriers(connection, crossed)} - set(rids)
    return Indexed(frozenset(concerned), +capped)


def standings(
    connection: Connection, wanted: Iterable[BlockingKey]
) -> dict[BlockingKey, dict[str, int]]:
    """Who carries each key, counted by initial; keys that nobody carries are left out."""
    found: dict[BlockingKey, dict[str, int]] = {}
    table = identity_keys.c
    for kind, values in _by_kind(wanted):
        query = (
            select(table.value, table.initial, func.count())
            .where(table.kind == kind, table.value.in_(values))
            .group_by(table.value, table.initial)
        )
        for value, initial, count in connection.execute(query):
            found.setdefault(BlockingKey(kind, value), {})[initial] = count
    return found


def carriers(
    connection: Connection, wanted: Iterable[BlockingKey]
) -> Iterator[tuple[BlockingKey, Rid]]:
    """Every record that carries one of ``wanted``."""
    table = identity_keys.c
    for kind, values in _by_kind(wanted):
        query = select(table.value, table.rid).where(table.kind == kind, table.value.in_(values))
        for value, rid in connection.execute(query).all():
            yield BlockingKey(kind, value), rid


def sharers(standing: Carriers) -> int:
    """How many people a value seems to belong to: distinct first-name initials on it."""
    return sum(1 for initial, count in standing.items() if initial and count > 0)


def is_key(key: BlockingKey, standing: Carriers, max_shared_by: int) -> bool:
    """Whether the value still tells people apart."""
    return sum(standing.values()) <= cap(key.kind, max_shared_by)


def _sum(stood: Carriers, delta: Carriers) -> Carriers:
    initials = stood.keys() | delta.keys()
    return {initial: stood.get(initial, 0) + delta.get(initial, 0) for initial in initials}


def _worth(key: BlockingKey, standing: Carriers, max_shared_by: int) -> int | None:
    """How many people share a contact point (1 for other keys); None if it is no key any more."""
    if not is_key(key, standing, max_shared_by):
        return None
    return max(1, sharers(standing)) if key.kind in CONTACT else 1


_KeyRow = tuple[str, str, Rid, str]


def _rows(party: Comparable) -> Iterator[_KeyRow]:
    initial = formal_initial(party.given)
    return ((kind, value, party.rid, initial) for kind, value in keys(party))


def _rows_of(connection: Connection, rids: Collection[Rid]) -> set[_KeyRow]:
    table, found = identity_keys.c, set()
    for part in chunks(sorted(rids)):
        query = select(table.kind, table.value, table.rid, table.initial)
        found |= {tuple(row) for row in connection.execute(query.where(table.rid.in_(part)))}
    return found


def _write(connection: Connection, old: set[_KeyRow], new: set[_KeyRow]) -> None:
    stale = {rid for _, _, rid, _ in old - new}
    for part in chunks(sorted(stale)):
        connection.execute(delete(identity_keys).where(identity_keys.c.rid.in_(part)))
    rows = sorted(row for row in new if row[2] in stale or row not in old)
    bulk.insert(connection, identity_keys, ("kind", "value", "rid", "initial"), rows)


def _by_kind(wanted: Iterable[BlockingKey]) -> Iterator[tuple[str, list[str]]]:
    # Kind by kind: SQLite scans the whole table for (kind, value) IN (VALUES ...).
    grouped: defaultdict[str, list[str]] = defaultdict(list)
    for kind, value in wanted:
        grouped[kind].append(value)
    return ((kind, part) for kind, values in grouped.items() for part in chunks(sorted(values)))
