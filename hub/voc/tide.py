"""The tide: what everybody does less of in the same four weeks is no sign of anybody's.

A holiday, a season or an outage empties the app of all customers at once. So a customer's use is
held against their own past times the tide: the median, over customers who use regularly, of the
latest four weeks beside the three spans before. Half of them would have to leave to move it.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime, timedelta
from functools import lru_cache
from statistics import median
from typing import Final

from hub.journeys.event import Event
from hub.voc.past import IN_USE
from hub.voc.signal import MONTH

FEWEST: Final = 20
"""Customers who use regularly, below which there is no tide to speak of."""
EBB: Final = 0.8
"""Up to a fifth less is nobody's tide: some always leave, and 300 customers vary by as much."""
_REGULAR: Final = 4
"""Mean uses in four weeks of who uses regularly."""
_SPANS: Final = 3
_STEP: Final = 0.05
"""The tide moves in steps: with each of them everybody is assessed anew."""

Tide = Callable[[datetime], float]
"""Tells, at an instant, what customers do beside what they used to: 1 is as always, or more."""


def tide(users: Iterable[Sequence[datetime]]) -> Tide:
    """The tide that these customers' use tells.

    Args:
        users: Instants of use of each customer, in order; may go beyond the instants asked for.
    """
    known = [list(each) for each in users]

    @lru_cache(maxsize=1_024)
    def at(now: datetime) -> float:
        found = [ratio for each in known if (ratio := _ratio(each, now)) is not None]
        level = median(found) if len(found) >= FEWEST else 1.0
        return 1.0 if level > EBB else round(level / _STEP) * _STEP

    return at


def uses(events: Iterable[Event]) -> list[datetime]:
    """The instants of use on a timeline."""
    return [event.at for event in events if event.kind in IN_USE]


def _ratio(instants: Sequence[datetime], now: datetime) -> float | None:
    span = timedelta(days=MONTH)
    until, middle, first = (
        bisect_right(instants, at) for at in (now, now - span, now - (1 + _SPANS) * span)
    )
    usual = (middle - first) / _SPANS
    return (until - middle) / usual if usual >= _REGULAR else None
