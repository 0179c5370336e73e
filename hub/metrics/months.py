"""Days, and months on the clocks of the business, counted from year 0."""

from __future__ import annotations

from datetime import datetime, tzinfo

from hub.core.clock import from_micros, to_micros

DAY = 86_400_000_000
"""Microseconds of a day."""


def month_of(at: int, zone: tzinfo) -> int:
    """The month that the instant ``at``, in microseconds, lies in.

    >>> from datetime import UTC
    >>> label(month_of(0, UTC))
    '1970-01'
    """
    local = from_micros(at).astimezone(zone)
    return local.year * 12 + local.month - 1


def begin(month: int, zone: tzinfo) -> int:
    """The first microsecond of ``month``."""
    return to_micros(datetime(month // 12, month % 12 + 1, 1, tzinfo=zone))


def label(month: int) -> str:
    """Year and month, such as ``2026-01``."""
    return f"{month // 12:04}-{month % 12 + 1:02}"
