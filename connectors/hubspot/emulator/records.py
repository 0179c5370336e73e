"""The account's CRM records: values with their history, unique values, archive and search index."""

from __future__ import annotations

from bisect import bisect_left, bisect_right, insort
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from connectors.hubspot.emulator.catalogue import ObjectType, Property
from connectors.hubspot.emulator.values import stamp

HISTORY_KEPT = 20
"""Versions kept per property (HubSpot keeps 45 for contacts, 20 for the rest)."""


@dataclass(frozen=True, slots=True)
class Version:
    """One value that a property had, since ``timestamp``."""

    value: str
    timestamp: str
    source: str


@dataclass(slots=True)
class Record:
    """One CRM record.

    Attributes:
        properties: Values that are set, the time stamps among them.
        archived_at: When it went to the recycle bin, or None while it is live.
        history: Versions per property, newest first.
        indexed: What search still shows while ``index_due`` has not come; None hides the record.
    """

    id: str
    properties: dict[str, str]
    archived_at: str | None = None
    history: dict[str, list[Version]] = field(default_factory=dict)
    indexed: dict[str, str] | None = None
    index_due: datetime | None = None


class RecordTable:
    """All records of one kind.

    Args:
        kind: Which kind.
        properties: The kind's property definitions, shared with the properties API.
        search_lag: Seconds until search shows a change.
    """

    def __init__(
        self, kind: ObjectType, properties: Mapping[str, Property], search_lag: float
    ) -> None:
        self.kind = kind
        self.records: dict[str, Record] = {}
        self.merged: dict[str, str] = {}
        self._properties = properties
        self._lag = timedelta(seconds=search_lag)
        self._holders: dict[str, dict[str, str]] = {}
        self._ids: list[int] = []
        self._highest_id = 0

    def insert(
        self, properties: Mapping[str, str], now: datetime, source: str, record_id: str = ""
    ) -> Record:
        """A new record with these values, created and modified ``now``."""
        record = Record(record_id or self._next_id(), {})
        record.properties["hs_object_id"] = record.id
        record.properties[self.kind.created] = stamp(now)
        self._keep(record)
        self._index_later(record, now)
        self.write(record, properties, now, source)
        record.properties.setdefault(self.kind.modified, stamp(now))
        return record

    def write(
        self, record: Record, values: Mapping[str, str], now: datetime, source: str
    ) -> set[str]:
        """Names of the properties that got another value; an empty value clears."""
        changed = {k: v for k, v in values.items() if record.properties.get(k, "") != v}
        if not changed:
            return set()
        if self.kind.modified not in changed:
            changed[self.kind.modified] = stamp(now)
        if record.index_due is None or record.index_due <= now:
            record.indexed = dict(record.properties) if self._lag else None
        self._index_later(record, now)
        for name, value in changed.items():
            self._set(record, name, Version(value, stamp(now), source))
        return changed.keys() - {self.kind.modified}

    def remove(self, record: Record) -> None:
        """Take the record out for good, its unique values with it."""
        self._release(record)
        del self.records[record.id]
        del self._ids[bisect_left(self._ids, int(record.id))]

    def archive(self, record: Record, now: datetime) -> None:
        """Move the record to the recycle bin; its unique values become free."""
        self._release(record)
        record.archived_at = stamp(now)

    def restore(self, record: Record) -> None:
        """Bring the record back from the recycle bin."""
        record.archived_at = None
        self._claim(record)

    def adopt(self, record: Record) -> None:
        """Take in a record as it was in another life of the account."""
        self._keep(record)
        if record.archived_at is None:
            self._claim(record)

    def get(self, record_id: str, *, archived: bool = False) -> Record | None:
        """The record of that id, or the one it was merged into, in or out of the recycle bin."""
        record = self.records.get(self.merged.get(record_id, record_id))
        if record is None or (record.archived_at is not None) != archived:
            return None
        return record

    def holder(self, unique_property: str, value: str) -> Record | None:
        """The live record that has this value of a unique property."""
        record_id = self._holders.get(unique_property, {}).get(value)
        return self.records[record_id] if record_id is not None else None

    def in_order(self, after: int = 0, *, archived: bool = False) -> Iterator[Record]:
        """Live (or archived) records with an id above ``after``, ascending."""
        for number in self._ids[bisect_right(self._ids, after) :]:
            record = self.records[str(number)]
            if (record.archived_at is not None) == archived:
                yield record

    def searchable(
        self, now: datetime, after: int = 0
    ) -> Iterator[tuple[Record, Mapping[str, str]]]:
        """Live records above ``after``, ascending, with the values that search shows at ``now``."""
        for record in self.in_order(after):
            settled = record.index_due is None or record.index_due <= now
            shown = record.properties if settled else record.indexed
            if shown is not None:
                yield record, shown

    def _set(self, record: Record, name: str, version: Version) -> None:
        if self._is_unique(name):
            holders = self._holders.setdefault(name, {})
            holders.pop(record.properties.get(name, ""), None)
            if version.value:
                holders[version.value] = record.id
        if version.value:
            record.properties[name] = version.value
        else:
            record.properties.pop(name, None)
        versions = record.history.setdefault(name, [])
        versions.insert(0, version)
        del versions[HISTORY_KEPT:]

    def _claim(self, record: Record) -> None:
        for name in self._unique_names():
            if value := record.properties.get(name):
                self._holders.setdefault(name, {})[value] = record.id

    def _release(self, record: Record) -> None:
        for name in self._unique_names():
            self._holders.get(name, {}).pop(record.properties.get(name, ""), None)

    def _is_unique(self, name: str) -> bool:
        prop = self._properties.get(name)
        return prop is not None and prop.unique

    def _unique_names(self) -> Iterable[str]:
        return [name for name, prop in self._properties.items() if prop.unique]

    def _index_later(self, record: Record, now: datetime) -> None:
        record.index_due = now + self._lag if self._lag else None

    def _next_id(self) -> str:
        return str(max(self.kind.first_id, self._highest_id + 1))

    def _keep(self, record: Record) -> None:
        self.records[record.id] = record
        self._highest_id = max(self._highest_id, int(record.id))
        insort(self._ids, int(record.id))
