"""Whether two periods, waves or groups differ, or only seem to."""

from __future__ import annotations

import math
from dataclasses import dataclass

from hub.metrics.interval import Estimate


@dataclass(frozen=True, slots=True)
class Difference:
    """How much higher the later value is; significant when the interval leaves zero out."""

    value: float
    low: float
    high: float
    significant: bool


def compare(before: Estimate, after: Estimate) -> Difference | None:
    """``after`` minus ``before``, from the intervals of both; None where one has no interval.

    The distances of each value to its own limits are squared and added. For two proportions with
    Wilson limits that is Newcombe's interval; with limits as far below as above it is
    SE² = SE₁² + SE₂², the difference of two waves. The two groups are independent: other people, or
    another time.
    Source: Newcombe 1998, method 10; Zou and Donner 2008 (MOVER).

    >>> from hub.metrics.interval import wilson
    >>> found = compare(wilson(48, 80, 0.95), wilson(56, 70, 0.95))
    >>> round(found.value, 1), round(found.low, 2), round(found.high, 2), found.significant
    (20.0, 5.24, 33.39, True)
    """
    if before.low is None or before.high is None or after.low is None or after.high is None:
        return None
    value = after.value - before.value
    low = value - math.hypot(after.value - after.low, before.high - before.value)
    high = value + math.hypot(after.high - after.value, before.value - before.low)
    return Difference(value, low, high, significant=not low <= 0 <= high)
