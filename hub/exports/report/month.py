"""The month that a report is about, and the months up to it."""

from __future__ import annotations

from datetime import tzinfo

from hub.metrics.months import begin


def month_named(text: str) -> int:
    """The month that ``text`` names, counted as in :mod:`hub.metrics.months`.

    >>> from hub.metrics.months import label
    >>> label(month_named("2026-10"))
    '2026-10'

    Raises:
        ValueError: If it is no month.
    """
    year, dash, month = text.partition("-")
    if not (dash and len(year) == 4 and len(month) == 2 and (year + month).isdecimal()):
        raise ValueError(f'"{text}" is not a month such as 2026-10')
    if not 1 <= int(month) <= 12 or not 1970 <= int(year) <= 9998:
        raise ValueError(f'"{text}" is not a month such as 2026-10')
    return int(year) * 12 + int(month) - 1


def span(month: int, zone: tzinfo) -> tuple[int, int]:
    """First microsecond of the month and of the next one."""
    return begin(month, zone), begin(month + 1, zone)
