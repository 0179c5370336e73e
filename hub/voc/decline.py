"""Decline: whether a customer does much less of something than they used to, and since when."""

from __future__ import annotations

import math
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from statistics import fmean, variance
from typing import Final

from hub.metrics.baseline import as_normal

BASELINE_SPANS: Final = 3
"""Spans before the latest one that "used to" rests on."""


@dataclass(frozen=True, slots=True)
class Decline:
    """A fall that holds now.

    Args:
        since: Instant from which it has held without a break.
        usual: Mean count in a span before.
        latest: Count in the latest span.
    """

    since: datetime
    usual: float
    latest: int


def decline(
    instants: Sequence[datetime],
    now: datetime,
    *,
    by: float,
    span: timedelta,
    at_least: float,
    deviations: float = 0.0,
) -> Decline | None:
    """The fall of a count below its own past; None if there is none, or too little to compare.

    The latest span is compared with the mean of the three before it.

    Args:
        instants: When it happened, in order, none after ``now``.
        now: The end of the latest span.
        by: Share that has to be gone, above 0 to 1.
        span: Length of a span.
        at_least: Mean count before, below which nothing is said.
        deviations: How many standard deviations of a Poisson count have to be gone, too, so that
            few visits that happen to be fewer are no fall.
    """

    def fell(end: datetime) -> tuple[float, int] | None:
        until = bisect_right(instants, end)
        middle = bisect_right(instants, end - span)
        first = bisect_right(instants, end - (1 + BASELINE_SPANS) * span)
        usual, latest = (middle - first) / BASELINE_SPANS, until - middle
        most = min((1 - by) * usual, usual - deviations * math.sqrt(usual))
        return (usual, latest) if usual >= at_least and latest <= most else None

    found = fell(now)
    if found is None:
        return None
    since = now
    for end in sorted(_changes(instants, now, span), reverse=True):
        if fell(end) is None:
            break
        since = end
    return Decline(since, *found)


def _changes(instants: Sequence[datetime], now: datetime, span: timedelta) -> set[datetime]:
    """Every instant at which one of the two counts changes."""
    steps = (timedelta(0), span, (1 + BASELINE_SPANS) * span)
    return {at + step for at in instants for step in steps if at + step <= now}


def strangeness(weeks: Sequence[float], latest: float, over: int) -> float:
    """How far a count lies below those of the weeks before, as a standard normal score.

    Weeks of somebody whose use goes up and down spread more than a Poisson count does; so much more
    has to be gone. Their mean is not known for sure either, least of all from few weeks.

    Args:
        weeks: Counts of the weeks before, at least two.
        latest: Count of the latest weeks together.
        over: How many these are.

    Source: negative binomial by moments; prediction interval of a mean (Hahn and Meeker 1991, 4).
    """
    mean = fmean(weeks)
    spread = max(mean, variance(weeks)) * over * (1 + over / len(weeks))
    below = over * mean - latest
    return as_normal(below / math.sqrt(spread), len(weeks) - 1) if spread else 0.0
