"""The account's records, each kind in a table that knows the order of changes.

A record is kept as the JSON that the API shows. Beside it stands its place in the incremental
export: when the change that it shows was generated, and a number that grows with every change. That
order is Zendesk's own; it is not the order of ``updated_at``.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

Body = dict[str, Any]

VISIBLE_AFTER_SECONDS = 60
"""Exports leave out what changed within the last minute.

Source: Zendesk, "Using the Incremental Exports API" (read November 2026).
"""


def stamp(instant: datetime) -> str:
    """``instant`` as Zendesk shows it: whole seconds, ``2026-09-30T14:03:00Z``."""
    return instant.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def stamp_of(second: int) -> str:
    """An epoch second as Zendesk shows it."""
    return stamp(datetime.fromtimestamp(second, UTC))


def instant(text: str) -> datetime:
    """The instant of a time stamp.

    Raises:
        ValueError: If the text is none.
    """
    return datetime.fromisoformat(text)


Place = tuple[int, int]
"""A place in the export: second of the change (epoch), number of the change."""


@dataclass(slots=True)
class Entry:
    """One record.

    Args:
        body: As the API shows it.
        generated: Epoch second of the latest change, by Zendesk's own books.
        sequence: Number of that change, over the whole account.
        deleted: It is kept for the export only.
        erased: It was deleted for good; nothing of it may be seen any more.
    """

    body: Body
    generated: int
    sequence: int
    deleted: bool = False
    erased: bool = False

    @property
    def id(self) -> Any:
        """The native id: a number, but a text for survey responses."""
        return self.body["id"]

    @property
    def place(self) -> Place:
        """Where the record stands in the export."""
        return (self.generated, self.sequence)


class Sequence:
    """Numbers changes and new records, without gaps and the same in every run."""

    def __init__(self, first_id: int = 9_000_000_001) -> None:
        self.changes = 0
        self.next_id = first_id

    def change(self) -> int:
        """The number of one more change."""
        self.changes += 1
        return self.changes

    def id(self) -> int:
        """A native id that no record has."""
        self.next_id += 1
        return self.next_id - 1


class Table:
    """All records of one kind.

    Args:
        name: Plural, as in paths.
        sequence: Shared by all tables of the account.
    """

    def __init__(self, name: str, sequence: Sequence) -> None:
        self.name = name
        self.entries: dict[Any, Entry] = {}
        self._sequence = sequence

    def add(self, body: Mapping[str, Any], at: datetime) -> Entry:
        """A new record, changed ``at``."""
        entry = Entry(dict(body), int(at.timestamp()), self._sequence.change())
        self.entries[entry.id] = entry
        return entry

    def write(self, entry: Entry, values: Mapping[str, Any], at: datetime) -> set[str]:
        """Names of the fields that got another value; a change moves ``updated_at``."""
        changed = {name for name, value in values.items() if entry.body.get(name) != value}
        if changed:
            entry.body.update(values)
            entry.body["updated_at"] = stamp(at)
            self.move(entry, at)
        return changed

    def move(self, entry: Entry, at: datetime) -> None:
        """Put the record at the end of the export, as after any change."""
        entry.generated = int(at.timestamp())
        entry.sequence = self._sequence.change()

    def live(self) -> Iterator[Entry]:
        """The records that are not deleted, by id."""
        return (self.entries[key] for key in sorted(self.entries) if not self.entries[key].deleted)

    def find(self, key: object) -> Entry | None:
        """The live record of that id, or None."""
        entry = self.entries.get(key)
        return None if entry is None or entry.deleted else entry

    def changed_after(self, place: Place, now: datetime) -> list[Entry]:
        """Records after ``place`` in the order of the export; the last minute is left out."""
        last = int(now.timestamp()) - VISIBLE_AFTER_SECONDS
        found = (e for e in self.entries.values() if place < e.place and e.generated <= last)
        return sorted(found, key=lambda entry: entry.place)


def restamp(table: Table, entry: Entry, at: datetime) -> None:
    """Say when a record was changed last, where records of its kind say so."""
    if table.name == "survey_responses":
        entry.body["answers"] = [a | {"updated_at": stamp(at)} for a in entry.body["answers"]]
    elif table.name != "comments":
        entry.body["updated_at"] = stamp(at)
