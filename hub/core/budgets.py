"""What the processes that use one credential tell each other of its limits.

Vendors count by credential, whatever the number of processes. Each keeps :class:`Notes`: the newest
figures that the vendor told any of them, until when the vendor asked for patience, and who is at
work. Merging notes gives the same whatever the order, so a process may read and write them when it
suits it; :mod:`hub.core.limiter` says when.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import astuple, dataclass, field
from datetime import datetime, timedelta
from typing import Protocol, TypeVar

import orjson

from hub.core.clock import from_micros, to_micros
from hub.core.limits import Gauge

T = TypeVar("T")

PRESENCE = timedelta(seconds=10)
"""A process that has asked for nothing for so long leaves its share to the others."""


@dataclass(frozen=True, slots=True)
class Reading:
    """A gauge and when it was read."""

    gauge: Gauge
    at: datetime

    @property
    def until(self) -> datetime:
        """When the budget is whole again."""
        return self.at + timedelta(seconds=self.gauge.resets_in)

    def left(self, now: datetime) -> float:
        """What is left, with what time has restored since."""
        return self.gauge.remaining + (now - self.at).total_seconds() * self.gauge.restores


@dataclass(frozen=True, slots=True)
class Hold:
    """Nothing goes before ``until``.

    Args:
        until: When requests go again.
        reason: For progress and messages.
        stops: Whether runs end instead of waiting.
    """

    until: datetime
    reason: str
    stops: bool = False


@dataclass(frozen=True, slots=True)
class Notes:
    """What is known of one credential.

    Args:
        readings: The newest reading of each budget.
        holds: The longest hold of each group of paths (empty: all of them).
        seen: When each process was last at work.
    """

    readings: Mapping[str, Reading] = field(default_factory=dict)
    holds: Mapping[str, Hold] = field(default_factory=dict)
    seen: Mapping[str, datetime] = field(default_factory=dict)

    def merged(self, other: Notes, now: datetime) -> Notes:
        """What both know together, less what is over."""
        readings = _newest(self.readings, other.readings, lambda reading: reading.at)
        holds = _newest(self.holds, other.holds, lambda hold: hold.until)
        seen = _newest(self.seen, other.seen, lambda at: at)
        return Notes(
            {name: reading for name, reading in readings.items() if reading.until > now},
            {path: hold for path, hold in holds.items() if hold.until > now},
            {name: at for name, at in seen.items() if at + PRESENCE > now},
        )

    def to_json(self) -> bytes:
        """The notes as they are stored; times are microseconds."""
        return orjson.dumps(
            {
                "readings": [(astuple(r.gauge), to_micros(r.at)) for r in self.readings.values()],
                "holds": {
                    path: (to_micros(hold.until), hold.reason, hold.stops)
                    for path, hold in self.holds.items()
                },
                "seen": {name: to_micros(at) for name, at in self.seen.items()},
            }
        )

    @classmethod
    def from_json(cls, data: bytes) -> Notes:
        """The notes that were stored."""
        found = orjson.loads(data)
        readings = [Reading(Gauge(*gauge), from_micros(at)) for gauge, at in found["readings"]]
        holds = found["holds"].items()
        return cls(
            {reading.gauge.name: reading for reading in readings},
            {path: Hold(from_micros(until), *rest) for path, (until, *rest) in holds},
            {name: from_micros(at) for name, at in found["seen"].items()},
        )


class Board(Protocol):
    """Where notes are left, one text per credential."""

    @property
    def process(self) -> str:
        """This process among all that read the board."""

    def read(self, credential: str) -> Notes:
        """What is noted; nothing, if nobody has noted anything."""

    def change(self, credential: str, change: Callable[[Notes], Notes]) -> Notes:
        """What is noted once ``change`` was made to it, with nobody in between."""


def _newest(
    ours: Mapping[str, T], theirs: Mapping[str, T], at: Callable[[T], datetime]
) -> dict[str, T]:
    both = dict(ours)
    for name, other in theirs.items():
        if name not in both or at(other) > at(both[name]):
            both[name] = other
    return both
