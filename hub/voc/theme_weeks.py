"""What customers spoke of, week by week on the clocks of the business."""

from __future__ import annotations

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import date, datetime, time, tzinfo

from hub.core.clock import from_micros, to_micros
from hub.store.themes import ANYTHING
from hub.voc.theme_rise import Week


def begins(first: int, last: int, zone: tzinfo) -> list[int]:
    """The first microsecond of every week from that of ``first`` to the one after that of ``last``.

    >>> from datetime import UTC
    >>> [str(from_micros(at).date()) for at in begins(0, 0, UTC)]
    ['1969-12-29', '1970-01-05']
    """
    return [_begin(week, zone) for week in range(_week(first, zone), _week(last, zone) + 2)]


def weeks(mentions: Iterable[tuple[str, str, int]], bounds: Sequence[int]) -> list[Week]:
    """The weeks between ``bounds``; mentions outside them are left out.

    Args:
        mentions: Theme, customer and instant.
        bounds: The begin of each week and the end of the last.
    """
    spoke: dict[int, dict[str, set[str]]] = defaultdict(lambda: defaultdict(set))
    for theme, customer, at in mentions:
        spoke[bisect_right(bounds, at) - 1][theme].add(customer)
    told = []
    for place, begin in enumerate(bounds[:-1]):
        counts = {theme: len(customers) for theme, customers in spoke[place].items()}
        told.append(Week(begin, counts.pop(ANYTHING, 0), counts))
    return told


def _week(at: int, zone: tzinfo) -> int:
    """Weeks since 1 January of the year 1, which was a Monday."""
    return (from_micros(at).astimezone(zone).date().toordinal() - 1) // 7


def _begin(week: int, zone: tzinfo) -> int:
    return to_micros(datetime.combine(date.fromordinal(week * 7 + 1), time(), zone))
