"""Who is in which segment, and who was: rows that are closed, never changed.

A row says that the hub counted a customer among the members from ``since`` until before ``until``
(system time). What somebody was a member of before they were merged, or before another version of
the segment, stands in rows of their own; :func:`history` tells them together.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from sqlalchemy import ColumnElement, Connection, and_, func, or_, select

from hub.store import bulk
from hub.store.records import chunks
from hub.store.schema import golden_history, golden_ids, identity_events, profiles, segment_members

_MEMBER = segment_members.c
_COLUMNS = ("golden_id", "segment", "since", "until", "version")
_KEY = ("golden_id", "segment", "since")


@dataclass(frozen=True, slots=True)
class Spell:
    """One unbroken time in a segment.

    Args:
        golden_id: Whose, as they were called at its end.
        segment: Which segment.
        version: Version of its definition, at its end.
        since: When it began, microseconds.
        until: When it had ended; None while it lasts.
    """

    golden_id: str
    segment: str
    version: int
    since: int
    until: int | None


@dataclass(frozen=True, slots=True)
class Moved:
    """How many memberships began and ended."""

    entered: int
    left: int


def move(
    connection: Connection,
    wanted: Mapping[str, Iterable[str]],
    versions: Mapping[str, int],
    now: int,
) -> Moved:
    """Make the members those that are wanted, as of ``now``.

    Args:
        connection: A write transaction.
        wanted: Golden id to segments, for everybody who was looked at; who is gone has none.
        versions: Segment to the version of its definition.
        now: Microseconds.
    """
    held = _held(connection, sorted(wanted))
    fitting = {(who, each, versions[each]) for who, names in wanted.items() for each in names}
    standing = {(spell.golden_id, spell.segment, spell.version) for spell in held}
    begun = [(who, each, now, None, version) for who, each, version in sorted(fitting - standing)]
    ended = [s for s in held if (s.golden_id, s.segment, s.version) not in fitting]
    _end(connection, ended, now)
    bulk.upsert(connection, segment_members, _COLUMNS, begun, key=_KEY)
    return Moved(len(begun), len(ended))


def _held(connection: Connection, who: Sequence[str]) -> list[Spell]:
    found: list[Spell] = []
    for chunk in chunks(who):
        query = select(segment_members).where(_MEMBER.golden_id.in_(chunk), _MEMBER.until.is_(None))
        found += [Spell(**row) for row in connection.execute(query).mappings()]
    return found


def _end(connection: Connection, spells: Sequence[Spell], now: int) -> None:
    """Close rows; one that began at this instant never was."""
    rows = [(s.golden_id, s.segment, s.since, now, s.version) for s in spells]
    bulk.upsert(connection, segment_members, _COLUMNS, rows, key=_KEY)
    fresh = [spell for spell in spells if spell.since == now]
    if fresh:
        mark = "?" if connection.dialect.name == "sqlite" else "%s"
        connection.exec_driver_sql(
            f"DELETE FROM segment_members WHERE golden_id = {mark} AND segment = {mark}"  # noqa: S608
            f" AND since = {mark}",
            [(s.golden_id, s.segment, s.since) for s in fresh],
        )


def at(when: int | None) -> ColumnElement[bool]:
    """Rows that held at an instant; those that hold today without one."""
    if when is None:
        return _MEMBER.until.is_(None)
    return and_(_MEMBER.since <= when, or_(_MEMBER.until.is_(None), _MEMBER.until > when))


def sizes(connection: Connection, when: int | None = None) -> dict[str, int]:
    """How many members each segment has, today or as of an instant; empty ones are absent."""
    query = select(_MEMBER.segment, func.count()).where(at(when)).group_by(_MEMBER.segment)
    return {segment: int(count) for segment, count in connection.execute(query)}


def members(connection: Connection, segment: str, when: int | None = None) -> list[str]:
    """Golden ids of the members, today or as they were called at an instant, in their order."""
    query = select(_MEMBER.golden_id).where(_MEMBER.segment == segment, at(when))
    return list(connection.execute(query.order_by(_MEMBER.golden_id)).scalars())


def everybody(connection: Connection, when: int | None = None) -> int:
    """How many customers there are, or were: what shares are counted of."""
    query = select(func.count()).select_from(profiles)
    if when is not None:
        known = golden_history.c
        lasted = or_(known.valid_to.is_(None), known.valid_to > when)
        query = select(func.count()).where(known.valid_from <= when, lasted)
    return int(connection.execute(query).scalar_one())


def first_look(connection: Connection) -> int | None:
    """Since when the hub remembers members, microseconds; None before the first run."""
    since = connection.execute(select(func.min(_MEMBER.since))).scalar()
    return None if since is None else int(since)


def history(connection: Connection, golden_id: str) -> list[Spell]:
    """Every spell of a customer, by its beginning, over all ids that they were called by.

    A spell that goes on when two customers become one, when one is split off, or under a new
    version of the segment is one spell.
    """
    rows = [row for past in _pasts(connection, golden_id) for row in _rows(connection, past)]
    return sorted(_joined(rows), key=lambda spell: (spell.since, spell.segment, spell.golden_id))


@dataclass(frozen=True, slots=True)
class _Past:
    """An id whose rows are a customer's past, between two instants if not all of them."""

    golden_id: str
    after: int | None = None
    before: int | None = None


def _pasts(connection: Connection, golden_id: str) -> Iterator[_Past]:
    """Their own id; those merged into it; the one they were split off from, or were merged into."""
    yield _Past(golden_id)
    merged = select(golden_ids.c.golden_id).where(golden_ids.c.redirect_to == golden_id)
    yield from map(_Past, connection.execute(merged).scalars())
    event, absorbed_at = identity_events.c, None
    query = select(event.at, event.kind, event.other_id).where(
        event.golden_id == golden_id, event.kind.in_(("merged", "split", "undone"))
    )
    for then, kind, other in connection.execute(query.order_by(event.event_id)).all():
        if kind == "merged":
            absorbed_at = then
        else:
            yield _Past(other, absorbed_at, _first_row(connection, golden_id, then))


def _first_row(connection: Connection, golden_id: str, at: int) -> int:
    """When an id that was made at an instant was looked at first; that instant if not yet."""
    since = select(func.min(_MEMBER.since)).where(_MEMBER.golden_id == golden_id)
    found = connection.execute(since.where(_MEMBER.since >= at)).scalar()
    return at if found is None else int(found)


def _rows(connection: Connection, past: _Past) -> Iterator[Spell]:
    query = select(segment_members).where(_MEMBER.golden_id == past.golden_id)
    for row in connection.execute(query).mappings():
        spell = Spell(**row)
        since = spell.since if past.after is None else max(spell.since, past.after)
        until = spell.until
        if past.before is not None:
            until = past.before if until is None else min(until, past.before)
        if until is None or since < until:
            yield replace(spell, since=since, until=until)


def _joined(rows: Iterable[Spell]) -> list[Spell]:
    """Spells of one segment that touch, as one."""
    found: dict[str, list[Spell]] = {}
    for row in sorted(rows, key=lambda spell: (spell.since, spell.until is None, spell.until)):
        spells = found.setdefault(row.segment, [])
        last = spells[-1] if spells else None
        if last is not None and (last.until is None or row.since <= last.until):
            spells[-1] = _longer(last, row)
        else:
            spells.append(row)
    return [spell for spells in found.values() for spell in spells]


def _longer(first: Spell, then: Spell) -> Spell:
    """The two as one, called as whichever lasts longer."""
    lasts = first.until is None or (then.until is not None and first.until >= then.until)
    return first if lasts else replace(then, since=first.since)
