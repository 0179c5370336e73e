"""What systems say, and since when: the past can be replayed as it was known on any day."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime

from hub.core.ids import SourceKey
from hub.core.records import AnyRecord, PartyRef


@dataclass(frozen=True, slots=True)
class Told:
    """One version of one record.

    Args:
        at: Since when the source says so.
        source: Source key of the record: connection/stream/id.
        record: What it says.
    """

    at: datetime
    source: str
    record: AnyRecord


def known(told: Iterable[Told], now: datetime) -> dict[str, AnyRecord]:
    """Source key to record, as the sources say it at ``now``: later versions replace earlier.

    Args:
        told: The versions, in order of time.
        now: Versions after it are not known yet.
    """
    return {version.source: version.record for version in told if version.at <= now}


@dataclass
class Book:
    """Everything told about one customer while they are one; sources that are hidden stay out.

    Args:
        number: The customer, from 1.
        hidden: Connections that never reach the hub.
    """

    number: int
    hidden: frozenset[str]
    _told: list[Told] = field(default_factory=list)
    _last: Counter[str] = field(default_factory=Counter)

    @property
    def party(self) -> PartyRef:
        """The customer, as every source names them."""
        return PartyRef(id=f"C{self.number:05d}")

    def key(self, connection: str, stream: str) -> SourceKey:
        """The key of a record that no other has; its id says nothing but whose it is."""
        self._last[stream] += 1
        return SourceKey(connection, stream, f"{self.number:05d}-{self._last[stream]:04d}")

    def tell(self, at: datetime, key: SourceKey, record: AnyRecord) -> None:
        """Adds a version of a record."""
        if key.connection not in self.hidden:
            self._told.append(Told(at, str(key), record))

    def until(self, last: datetime) -> tuple[Told, ...]:
        """What was told up to then, in order of time."""
        kept = (version for version in self._told if version.at <= last)
        return tuple(sorted(kept, key=lambda version: version.at))
