"""What the hub would write into each record of a destination, and what it may.

Rebuilt from profile and ledger every time it is needed: by the plan that is shown, and again by
the claim that sends. So a withdrawal between the two is obeyed, and no value waits in a queue.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import orjson
from sqlalchemy import Connection, Select, and_, func, or_, select
from sqlalchemy import Row as SqlRow

from hub.core import normalise
from hub.core.clock import from_micros
from hub.core.connector import Change, OutField, Value
from hub.core.ids import Rid
from hub.core.settings import PurposeSection
from hub.privacy import permissions as consent
from hub.privacy.gate import Decision, Gate
from hub.profile.paths import SEPARATOR, leaf_at, value_at
from hub.profile.quality import Quality
from hub.push.declared import declared
from hub.push.destination import Destination
from hub.store import bulk
from hub.store.keys import Keys
from hub.store.records import chunks
from hub.store.schema import (
    cluster_members,
    profiles,
    pushed_fields,
    pushed_rows,
    source_records,
    streams,
)

_Rows = Select[Any]
_EXACT_FLOAT = 2**53


@dataclass(frozen=True, slots=True)
class Row:
    """One record of the destination and the profile it belongs to."""

    rid: Rid
    native_id: str
    golden_id: str
    revision: int
    profile: Mapping[str, object]


@dataclass(frozen=True, slots=True)
class Intent:
    """What the hub wants to write into one record, judged by the gate.

    Args:
        row: Whose record.
        values: Every mapped field with its value, before the gate.
        decision: The gate's verdict on each.
        changed: Allowed fields whose value differs from what the hub last wrote there.
    """

    row: Row
    values: Mapping[str, Value]
    decision: Decision
    changed: frozenset[str]

    def change(self, names: Iterable[str], trace: str) -> Change:
        """The change that writes ``names``."""
        return Change(self.row.native_id, {n: self.values[n] for n in sorted(names)}, trace)


class Intents:
    """Builds intents for one destination.

    Args:
        destination: Where to.
        gate: Judge of every field.
        purposes: Purposes of ``hub.toml``.
        keys: Keyed hashes of this installation.
    """

    def __init__(
        self,
        destination: Destination,
        gate: Gate,
        purposes: Mapping[str, PurposeSection],
        keys: Keys,
    ) -> None:
        gate.admit(destination.connection, destination.fields)
        self._destination = destination
        self._gate = gate
        self._quality = Quality(gate.quality)
        self._purposes = purposes
        self._keys = keys
        self._declared = declared(keys, destination.ctx, destination.version, destination.fields)

    def stale(self, connection: Connection, after: int, limit: int) -> list[Row]:
        """The next records, by row id after ``after``, whose profile or policy moved.

        At most ``limit``, and none only at the end. Members are looked at ``limit`` at a time: over
        all of them at once either database would sort the rest of the stream for every page.
        """
        members = select(cluster_members.c.rid).order_by(cluster_members.c.rid).limit(limit)
        while True:
            window = members.where(cluster_members.c.rid > after).subquery()
            last = connection.execute(select(func.max(window.c.rid))).scalar()
            if last is None:
                return []
            both = (
                cluster_members.c.rid,
                source_records.c.rid,
            )  # equal, but PostgreSQL looks at one
            found = connection.execute(
                self._stale().where(*(rid.between(after + 1, last) for rid in both))
            )
            if rows := [_row(item) for item in found]:
                return rows
            after = last

    def _stale(self) -> _Rows:
        latest = and_(
            pushed_rows.c.rid == source_records.c.rid, pushed_rows.c.writer == self._destination.key
        )
        moved = or_(
            pushed_rows.c.rid.is_(None),
            pushed_rows.c.revision != profiles.c.revision,
            pushed_rows.c.policy != self._gate.policy,
        )
        return (
            self._rows().outerjoin(pushed_rows, latest).where(moved).order_by(cluster_members.c.rid)
        )

    def rows(self, connection: Connection, rids: Sequence[int]) -> dict[int, Row]:
        """The records ``rids`` that still exist and still belong to somebody."""
        found: dict[int, Row] = {}
        for chunk in chunks(rids):
            query = self._rows().where(cluster_members.c.rid.in_(chunk))
            found.update({item.rid: _row(item) for item in connection.execute(query)})
        return found

    def build(self, connection: Connection, rows: Sequence[Row], now: int) -> list[Intent]:
        """The intent for each record."""
        golden_ids = [row.golden_id for row in rows]
        brand = self._destination.brand
        said = consent.load(connection, golden_ids, self._purposes, now, brand)
        written = self.written(connection, [row.rid for row in rows])
        at = from_micros(now)
        return [
            self._intent(row, said[row.golden_id], written.get(row.rid, {}), at) for row in rows
        ]

    def digest(self, value: Value) -> bytes:
        """Keyed hash of a value, as remembered after a write."""
        return self._keys.payload(orjson.dumps(value))

    def rests_on(self, intent: Intent, names: Collection[str]) -> str:
        """What a refusal of these fields rests on: what the place declares, and their values."""
        values = {name: intent.values[name] for name in sorted(names)}
        return f"{self._declared}:{self._keys.payload(orjson.dumps(values)).hex()}"

    def written(self, connection: Connection, rids: Sequence[int]) -> dict[int, dict[str, bytes]]:
        """Digests of what the hub last wrote into each record, by field."""
        written: dict[int, dict[str, bytes]] = {}
        for chunk in chunks(rids):
            query = select(pushed_fields.c.rid, pushed_fields.c.field, pushed_fields.c.digest)
            query = query.where(
                pushed_fields.c.writer == self._destination.key, pushed_fields.c.rid.in_(chunk)
            )
            for rid, field, digest in connection.execute(query):
                written.setdefault(rid, {})[field] = bytes(digest)
        return written

    def remember(
        self,
        connection: Connection,
        held: Iterable[tuple[Intent, Collection[str]]],
        now: int,
    ) -> None:
        """Note which fields of a record hold the wanted value; with the last one, its revision."""
        key = self._destination.key
        fields, rows = [], []
        for intent, names in held:
            row = intent.row
            for name in sorted(names):
                fields.append((row.rid, key, name, self.digest(intent.values[name]), now))
            if intent.changed <= set(names):
                rows.append((row.rid, key, row.revision, intent.decision.policy))
        self.remember_fields(connection, fields)
        columns = ("rid", "writer", "revision", "policy")
        bulk.upsert(connection, pushed_rows, columns, rows, key=("rid", "writer"))

    @staticmethod
    def remember_fields(
        connection: Connection, rows: Sequence[tuple[int, str, str, bytes, int]]
    ) -> None:
        """Note what the hub last wrote: record, destination, field, digest, instant."""
        columns = ("rid", "writer", "field", "digest", "pushed_at")
        bulk.upsert(connection, pushed_fields, columns, rows, key=("rid", "writer", "field"))

    def recognises(self, there: Value, digest: bytes | None) -> bool:
        """Whether a value in the system is the one the hub wrote, however it spells its types."""
        if digest is None:
            return False
        spellings: list[Value] = [there]
        if isinstance(there, str):
            spellings += [{"true": True, "false": False}.get(there.lower())]
            spellings += [number for number in (_number(there),) if number is not None]
        spellings += [_other_kind(value) for value in spellings]
        return any(self.digest(value) == digest for value in spellings)

    def _intent(
        self, row: Row, said: consent.Permissions, written: Mapping[str, bytes], now: datetime
    ) -> Intent:
        fields = self._destination.fields
        values = {field.name: value_at(row.profile, field.source) for field in fields}
        decision = self._gate.judge(
            row.golden_id,
            self._destination.connection,
            fields,
            said,
            self._points(values, fields),
            dict(self._doubts(row.profile, now)),
        )
        changed = frozenset(
            name
            for name in decision.allowed
            if values[name] is not None and self.digest(values[name]) != written.get(name)
        )
        return Intent(row, values, decision, changed)

    def _doubts(self, profile: Mapping[str, object], now: datetime) -> Iterator[tuple[str, str]]:
        for field in self._destination.fields:
            doubt = self._quality.doubt(field.source, leaf_at(profile, field.source), now)
            if doubt is not None:
                yield field.name, doubt

    def _points(
        self, values: Mapping[str, Value], fields: Sequence[OutField]
    ) -> dict[str, tuple[bytes, ...]]:
        points: dict[str, tuple[bytes, ...]] = {}
        for field in fields:
            hashed = _HASHES.get(field.source.rpartition(".")[2])
            value = values[field.name]
            if hashed is not None and isinstance(value, str):
                parts = value.split(SEPARATOR)
                points[field.name] = tuple(hashed(self, part) for part in parts)
        return points

    def _email(self, text: str) -> bytes:
        return self._keys.point("email", normalise.email(text))

    def _phone(self, text: str) -> bytes:
        return self._keys.point("phone", normalise.phone(text, self._destination.region))

    def _rows(self) -> _Rows:
        return (
            select(
                source_records.c.rid,
                source_records.c.source_id,
                profiles.c.golden_id,
                profiles.c.revision,
                profiles.c.body,
            )
            # By row id, never by stream: SQLite would sort the whole stream anew for every page.
            .join(streams, streams.c.stream_id == source_records.c.stream_id + 0)
            .join(cluster_members, cluster_members.c.rid == source_records.c.rid)
            .join(profiles, profiles.c.golden_id == cluster_members.c.golden_id)
            .where(
                streams.c.connection == self._destination.connection,
                streams.c.stream == self._destination.writer.stream,
                source_records.c.deleted_at.is_(None),
                source_records.c.version > 0,
            )
        )


_HASHES: Mapping[str, Callable[[Intents, str], bytes]] = {
    "email": Intents._email,
    "emails": Intents._email,
    "phone": Intents._phone,
    "phones": Intents._phone,
}
"""Profile fields that are addresses, by the last part of their path."""


def _row(item: SqlRow[Any]) -> Row:
    profile = orjson.loads(item.body)
    return Row(Rid(item.rid), item.source_id, item.golden_id, item.revision, profile)


def _other_kind(value: Value) -> Value:
    """A whole number with its decimal point, or without: some systems know one kind only."""
    if isinstance(value, float) and value.is_integer():
        return int(value)
    if type(value) is int and abs(value) <= _EXACT_FLOAT:
        return float(value)
    return value


def _number(text: str) -> int | float | None:
    for kind in (int, float):
        try:
            return kind(text)
        except ValueError:
            continue
    return None
