"""Seconds between two instants, by the calendar or within opening hours."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime, timedelta, tzinfo
from typing import Final

from hub.core.clock import from_micros, to_micros
from hub.core.settings import BusinessHours

SECOND: Final = 1_000_000
"""Microseconds."""


def elapsed(since: int, until: int) -> float:
    """Calendar seconds between two instants in microseconds.

    >>> elapsed(0, 90_000_000)
    90.0
    """
    return (until - since) / SECOND


def working(hours: BusinessHours, zone: tzinfo) -> Callable[[int, int], float]:
    """A clock that runs in opening hours only, on the clocks of ``zone``."""

    def seconds(since: int, until: int) -> float:
        first, last = (from_micros(at).astimezone(zone).date() for at in (since, until))
        days = (first + timedelta(days=number) for number in range((last - first).days + 1))
        return sum(_overlap(day, since, until) for day in days if _is_open(hours, day)) / SECOND

    def _overlap(day: date, since: int, until: int) -> int:
        opens, closes = (
            to_micros(datetime.combine(day, at, zone)) for at in (hours.opens, hours.closes)
        )
        return max(0, min(until, closes) - max(since, opens))

    return seconds


def _is_open(hours: BusinessHours, day: date) -> bool:
    return _DAYS[day.weekday()] in hours.days and day not in hours.holidays


_DAYS: Final = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
