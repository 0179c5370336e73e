"""Blocking keys in the store: who carries which value, and which values say nothing any more.

How much an e-mail or phone weighs depends on who else carries it, and a value on too many records
is no key at all. A change that moves a value over such a line concerns every carrier, so all of
them are resolved again: otherwise the result would depend on the order of arrival.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field

from sqlalchemy import ColumnElement, Connection, delete, func, select, tuple_

from hub.core.ids import Rid
from hub.identity.blocking import CONTACT, UNCAPPED, BlockingKey, cap, keys
from hub.identity.comparison import Comparable, formal_initial
from hub.identity.parties import parts
from hub.store import bulk
from hub.store.schema import identity_keys

Carriers = Counter[str]
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
    changed = {BlockingKey(kind, value) for kind, value, _, _ in old ^ new}
    before = standings(connection, changed)  # step 2
    after = {key: Counter(before.get(key, Counter())) for key in changed}
    for kind, value, _, initial in old - new:
        after[BlockingKey(kind, value)][initial] -= 1
    for kind, value, _, initial in new - old:
        after[BlockingKey(kind, value)][initial] += 1
    _write(connection, old, new)  # step 3
    crossed, capped = set(), Counter[str]()
    for key in changed:
        stood, stands = (
            _line(key, before[key], max_shared_by),
            _line(key, after[key], max_shared_by),
        )
        if stood != stands and before[key].total():
            crossed.add(key)
        if stands is None and stood is not None:
            capped[key.kind] += 1
    concerned = {rid for _, rid in carriers(connection, crossed)} - set(rids)
    return Indexed(frozenset(concerned), capped)


def standings(
    connection: Connection, wanted: Collection[BlockingKey]
) -> dict[BlockingKey, Carriers]:
    """Who carries each key, counted by first-name initial."""
    found: dict[BlockingKey, Carriers] = {key: Counter() for key in wanted}
    columns = identity_keys.c.kind, identity_keys.c.value, identity_keys.c.initial
    for part in parts(wanted):
        query = select(*columns, func.count()).where(_among(part)).group_by(*columns)
        for kind, value, initial, count in connection.execute(query):
            found[BlockingKey(kind, value)][initial] += count
    return found


def carriers(
    connection: Connection, wanted: Collection[BlockingKey]
) -> Iterator[tuple[BlockingKey, Rid]]:
    """Every record that carries one of ``wanted``."""
    columns = identity_keys.c.kind, identity_keys.c.value, identity_keys.c.rid
    for part in parts(wanted):
        for kind, value, rid in connection.execute(select(*columns).where(_among(part))):
            yield BlockingKey(kind, value), Rid(rid)


def sharers(standing: Carriers) -> int:
    """How many people a value seems to belong to: distinct first-name initials on it."""
    return sum(1 for initial, count in standing.items() if initial and count > 0)


def is_key(key: BlockingKey, standing: Carriers, max_shared_by: int) -> bool:
    """Whether the value still tells people apart."""
    return key.kind in UNCAPPED or standing.total() <= cap(key.kind, max_shared_by)


def _line(key: BlockingKey, standing: Carriers, max_shared_by: int) -> int | None:
    """What the value is worth: its number of sharers, or None if it is no key."""
    if not is_key(key, standing, max_shared_by):
        return None
    return max(1, sharers(standing)) if key.kind in CONTACT else 1


_KeyRow = tuple[str, str, Rid, str]


def _rows(party: Comparable) -> Iterator[_KeyRow]:
    initial = formal_initial(party.given)
    return ((kind, value, party.rid, initial) for kind, value in keys(party))


def _rows_of(connection: Connection, rids: Collection[Rid]) -> set[_KeyRow]:
    table, found = identity_keys.c, set()
    for part in parts(rids):
        query = select(table.kind, table.value, table.rid, table.initial)
        found |= {tuple(row) for row in connection.execute(query.where(table.rid.in_(part)))}
    return found


def _write(connection: Connection, old: set[_KeyRow], new: set[_KeyRow]) -> None:
    stale = {rid for _, _, rid, _ in old - new}
    for part in parts(stale):
        connection.execute(delete(identity_keys).where(identity_keys.c.rid.in_(part)))
    rows = sorted(row for row in new if row[2] in stale or row not in old)
    bulk.insert(connection, identity_keys, ("kind", "value", "rid", "initial"), rows)


def _among(part: list[BlockingKey]) -> ColumnElement[bool]:
    return tuple_(identity_keys.c.kind, identity_keys.c.value).in_(part)
