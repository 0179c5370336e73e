"""When something is due: instants on the time line, the same in every process that computes them.

Intervals are counted from 1970-01-01T00:00Z, whenever a process started. Calendars follow the wall
clock of a time zone as Debian's cron does: a time that the clocks skip is made up for at once, a
time that they repeat counts once.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Protocol
from zoneinfo import ZoneInfo

from cronsim import CronSim, CronSimError

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_CRON_FIELDS = 5


class Timetable(Protocol):
    """Instants at which something is due."""

    def last(self, now: datetime) -> datetime | None:
        """The newest instant up to and including ``now``, UTC; None if there was none."""

    def next(self, now: datetime) -> datetime | None:
        """The first instant after ``now``, UTC; None if there will be none."""


@dataclass(frozen=True, slots=True)
class Interval:
    """Every ``seconds``, counted from 1970.

    >>> Interval(900).last(datetime(2026, 1, 1, 10, 7, tzinfo=UTC)).isoformat()
    '2026-01-01T10:00:00+00:00'
    """

    seconds: int

    def last(self, now: datetime) -> datetime:
        """The newest instant up to and including ``now``, UTC."""
        return now.astimezone(UTC) - (now - _EPOCH) % timedelta(seconds=self.seconds)

    def next(self, now: datetime) -> datetime:
        """The first instant after ``now``, UTC."""
        return self.last(now) + timedelta(seconds=self.seconds)


@dataclass(frozen=True, slots=True)
class Calendar:
    """Five cron fields on the wall clock of ``zone``.

    >>> Calendar("0 2 * * *", ZoneInfo("Australia/Sydney")).next(
    ...     datetime(2026, 1, 1, tzinfo=UTC)
    ... ).isoformat()
    '2026-01-01T15:00:00+00:00'

    Raises:
        ValueError: If ``cron`` is no cron expression of five fields.
    """

    cron: str
    zone: ZoneInfo

    def __post_init__(self) -> None:
        if len(self.cron.split()) != _CRON_FIELDS:  # the library would take seconds as a sixth
            raise ValueError(f"a cron expression has five fields: {self.cron!r}")
        try:
            CronSim(self.cron, _EPOCH)
        except CronSimError as err:
            raise ValueError(f"not a cron expression: {self.cron!r}") from err

    def last(self, now: datetime) -> datetime | None:
        """The newest instant up to and including ``now``, UTC; None if none in 50 years."""
        after = now + timedelta(microseconds=1)  # the library leaves out the instant itself
        earlier = CronSim(self.cron, after.astimezone(self.zone), reverse=True)
        found = next((instant for instant in _in_utc(earlier) if instant <= now), None)
        while found is not None and (later := self.next(found)) is not None and later <= now:
            found = later  # within a repeated hour the library goes back a day too far
        return found

    def next(self, now: datetime) -> datetime | None:
        """The first instant after ``now``, UTC; None if none in 50 years."""
        later = CronSim(self.cron, now.astimezone(self.zone))
        # Asked within a repeated hour, the library may begin with an instant that is over.
        return next((instant for instant in _in_utc(later) if instant > now), None)


def _in_utc(instants: CronSim) -> Iterator[datetime]:
    return (instant.astimezone(UTC) for instant in instants)
