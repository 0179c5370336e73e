"""The org's records of one kind, live and in the recycle bin."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from connectors.salesforce.emulator.catalogue import SObject
from connectors.salesforce.emulator.ids import number_of, numbered
from connectors.salesforce.emulator.values import Json, stamp

BIN_LIFE = timedelta(days=15)
"""Time that a deleted record can be taken back, and that ``/deleted`` names it.

Source: Salesforce Help, "View, Restore, and Manage the Recycle Bin"; REST API, "Get Deleted".
"""


@dataclass(slots=True)
class Record:
    """One record: its values by field name, and when it went to the recycle bin."""

    id: str
    values: dict[str, Json]
    deleted_at: datetime | None = None

    @property
    def is_deleted(self) -> bool:
        """Whether it lies in the recycle bin."""
        return self.deleted_at is not None


class RecordTable:
    """All records of one kind; ``revision`` grows with every change to any of them."""

    def __init__(self, kind: SObject) -> None:
        self.kind = kind
        self.records: dict[str, Record] = {}
        self.revision = 0
        self._binned: dict[str, Record] = {}
        self._highest = 0

    def add(self, record: Record) -> None:
        """Take a record in."""
        self.records[record.id] = record
        self.revision += 1
        if record.is_deleted:
            self._binned[record.id] = record
        self._highest = max(self._highest, number_of(record.id))

    def next_id(self) -> str:
        """The id of the next new record."""
        return numbered(self.kind.prefix, self._highest + 1)

    def get(self, record_id: str) -> Record | None:
        """The record of that eighteen-character id, live or deleted."""
        return self.records.get(record_id)

    def live(self) -> Iterator[Record]:
        """Records outside the recycle bin, in order of creation."""
        return (record for record in self.records.values() if record.deleted_at is None)

    def binned(self) -> list[Record]:
        """Records in the recycle bin."""
        return list(self._binned.values())

    def holders(self, field: str, value: Json) -> list[Record]:
        """Live records with that value; texts are compared without regard to case."""
        wanted = _folded(value)
        return [record for record in self.live() if _folded(record.values.get(field)) == wanted]

    def write(self, record: Record, values: Mapping[str, Json], now: datetime, by: str) -> set[str]:
        """Names of the fields that got another value; only then do the time stamps move."""
        changed = {k for k, v in values.items() if _kept(record.values.get(k)) != _kept(v)}
        if changed:
            record.values.update({name: values[name] for name in changed})
            self.touch(record, now, by)
        return changed

    def touch(self, record: Record, now: datetime, by: str) -> None:
        """Move the record's time stamps."""
        self.revision += 1
        moment = stamp(now)
        record.values |= {"LastModifiedDate": moment, "SystemModstamp": moment}
        record.values["LastModifiedById"] = by

    def bin(self, record: Record, now: datetime, by: str) -> None:
        """Move the record to the recycle bin; what belongs to administration is gone at once."""
        if self.kind.setup:
            self.forget(record)
            return
        record.deleted_at = now
        self._binned[record.id] = record
        record.values["IsDeleted"] = True
        self.touch(record, now, by)

    def restore(self, record: Record, now: datetime, by: str) -> None:
        """Bring the record back from the recycle bin."""
        record.deleted_at = None
        del self._binned[record.id]
        record.values |= {"IsDeleted": False, "MasterRecordId": None}
        self.touch(record, now, by)

    def empty_bin(self, now: datetime) -> None:
        """Let go for good of what has been in the recycle bin too long."""
        for record in self.binned():
            if record.deleted_at is not None and now - record.deleted_at >= BIN_LIFE:
                self.forget(record)

    def forget(self, record: Record) -> None:
        """Let go of a record for good."""
        self.revision += 1
        self.records.pop(record.id, None)
        self._binned.pop(record.id, None)


def _folded(value: Json) -> Json:
    return value.casefold() if isinstance(value, str) else value


def _kept(value: Json) -> Json:
    # A checkbox that was never set and one that is off are the same to everybody.
    return None if value is False else value
