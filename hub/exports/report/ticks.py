"""Round numbers along an axis."""

from __future__ import annotations

import math

MOST = 5


def ticks(low: float, high: float) -> list[float]:
    """At most six round numbers, a constant step apart, that enclose ``low`` and ``high``.

    >>> ticks(3, 47)
    [0.0, 10.0, 20.0, 30.0, 40.0, 50.0]
    >>> ticks(5, 5)
    [4.0, 4.5, 5.0, 5.5, 6.0]
    """
    if low == high:
        low, high = low - 1, high + 1
    step = _step((high - low) / MOST)
    first, last = math.floor(low / step), math.ceil(high / step)
    while last - first > MOST:
        step = _step(step * 1.01)
        first, last = math.floor(low / step), math.ceil(high / step)
    return [round(number * step, 10) for number in range(first, last + 1)]


def _step(least: float) -> float:
    """The smallest of 1, 2, 5 times a power of ten that is not below ``least``."""
    power = 10.0 ** math.floor(math.log10(least))
    return next(power * factor for factor in (1, 2, 5, 10) if power * factor >= least * (1 - 1e-9))
