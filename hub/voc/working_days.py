"""Time that stands still from Saturday to Monday, on the business's clocks."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta
from typing import Final
from zoneinfo import ZoneInfo

_SATURDAY: Final = 5


def after(start: datetime, span: timedelta, zone: ZoneInfo) -> datetime:
    """The instant, UTC, at which ``span`` has passed since ``start``, weekends not counted.

    >>> friday = datetime(2026, 5, 1, 18, tzinfo=UTC)
    >>> after(friday, timedelta(hours=12), ZoneInfo("UTC")).isoformat()
    '2026-05-04T06:00:00+00:00'
    """
    at = start.astimezone(UTC)
    while True:
        midnight = _midnight(at, zone)
        if at.astimezone(zone).weekday() < _SATURDAY:
            if span <= midnight - at:
                return at + span
            span -= midnight - at
        at = midnight


def _midnight(at: datetime, zone: ZoneInfo) -> datetime:
    """The next beginning of a day, UTC: days are 23 or 25 hours long when clocks change."""
    tomorrow = at.astimezone(zone).date() + timedelta(days=1)
    return datetime.combine(tomorrow, time(), zone).astimezone(UTC)
