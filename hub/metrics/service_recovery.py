"""Service recovery: do customers stay after a failure that was resolved, as others do?

1. A failure is an issue that went wrong: the customer had to come back to it, it was opened again,
   or they said that they were not satisfied. It is over when its solution has stood for the window
   of first contact resolution; only the first failure of a customer counts.
2. They are held against customers who, at the end of the week in which it began, had bought as
   often, for as long and as lately (bands), and who had no failure by the end.
3. Whether they stay is seen in the horizon from the week after the end on, for both alike. So
   nobody is in either group because of what they did later: who leaves before the end may be in
   both, and a customer whose failure comes later is in the group without one until then.
4. The effect is the mean over failures of "bought again" less the share of the matched who did.

Source: landmark analysis, Anderson, Cain and Gelber 1983; standardised to the treated, Rosenbaum
1987; difference of the two shares: Zou and Donner 2008 (:func:`hub.metrics.compare.compare`).
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Final

import numpy as np
from numpy.typing import NDArray

from hub.core.settings import MetricsSection
from hub.metrics.compare import compare
from hub.metrics.interval import Estimate, wilson, z_score
from hub.metrics.issues import Issue
from hub.metrics.months import DAY
from hub.metrics.orders import Order
from hub.metrics.snapshot import Measured

METRIC: Final = "service_recovery"
FEWEST: Final = 5
"""Customers without a failure below whom a failure has no match."""

_WEEK: Final = 7 * DAY
_OFTEN: Final = (2, 3, 5, 10)  # orders
_LONG: Final = (90 * DAY, 365 * DAY)  # since the first order
_LATELY: Final = (14 * DAY, 30 * DAY, 90 * DAY, 180 * DAY, 365 * DAY)  # since the last order; a
# failure follows an order, so that coarser bands would match it with customers long silent

Numbers = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class History:
    """What one customer bought, and what went wrong; instants in microseconds.

    Args:
        person: Golden id.
        bought: Every order, oldest first.
        failed_at: Begin of the first failure; None if there was none.
        over_at: When that was over; None if it was not resolved.
    """

    person: str
    bought: tuple[int, ...]
    failed_at: int | None = None
    over_at: int | None = None


def histories(orders: Iterable[Order], issues: Iterable[Issue], window: int) -> list[History]:
    """The history of everybody who bought, by golden id.

    Args:
        orders: Those that count.
        issues: Of everybody.
        window: Days without a further contact after which a solution has stood.
    """
    bought: dict[str, list[int]] = defaultdict(list)
    for order in orders:
        bought[order.golden_id].append(order.at)
    first: dict[str, Issue] = {}
    for issue in sorted(filter(_went_wrong, issues), key=lambda each: each.started_at):
        first.setdefault(issue.person, issue)
    return [
        _history(person, sorted(own), first.get(person), window)
        for person, own in sorted(bought.items())
    ]


def _went_wrong(issue: Issue) -> bool:
    said_no = issue.satisfied is False or issue.confirmed is False
    return bool(issue.repeats or issue.reopened or said_no)


def _history(person: str, bought: list[int], failure: Issue | None, window: int) -> History:
    if failure is None:
        return History(person, tuple(bought))
    over_at = failure.settled_at + window * DAY if failure.resolved else None
    return History(person, tuple(bought), failure.started_at, over_at)


@dataclass(slots=True)
class _Sums:
    """What the matched pairs add up to.

    Args:
        failures: Matched failures.
        stayed: Of these customers, who bought again.
        expected: Sum of the shares of the matched who did.
        influence: How much each customer without a failure moves ``expected``.
        unmatched: Failures with too few to match.
        open: Failures whose horizon is not over.
        unresolved: Failures that are not over.
    """

    influence: NDArray[np.float64]
    failures: int = 0
    stayed: int = 0
    expected: float = 0.0
    unmatched: int = 0
    open: int = 0
    unresolved: int = 0
    used: set[int] = field(default_factory=set)


def overall(rows: Sequence[History], until: int, given: MetricsSection) -> Iterator[Measured]:
    """The effect in percentage points, or how far it is from being known.

    Args:
        rows: Of everybody who bought.
        until: The end of what is known, microseconds.
        given: Horizon and confidence.
    """
    if all(row.failed_at is None for row in rows):
        return
    found = _matched(rows, until, given.churn_horizon * DAY)
    detail: dict[str, object] = {
        "failures_unresolved": found.unresolved,
        "failures_whose_horizon_is_open": found.open,
        "failures_without_a_match": found.unmatched,
        "customers_matched": len(found.used),
    }
    if not found.failures:
        yield Measured(METRIC, "", None, detail=detail)
        return
    after, without = _shares(found, given.confidence)
    detail |= {
        "stayed_after_failure_percent": round(after.value, 1),
        "stayed_without_percent": round(without.value, 1),
    }
    effect = compare(without, after)
    assert effect is not None
    yield Measured(
        METRIC,
        "",
        Estimate(effect.value, effect.low, effect.high, found.failures),
        status="provisional" if found.open else "ok",
        detail=detail,
    )


def _shares(found: _Sums, confidence: float) -> tuple[Estimate, Estimate]:
    """Who stayed after a failure, and of the matched; in percent, with intervals."""
    n = found.failures
    after, middle = wilson(found.stayed, n, confidence), 100 * found.expected / n
    error = 100 * math.sqrt(float(found.influence @ found.influence)) / n
    half = z_score(confidence) * error
    without = Estimate(middle, max(0.0, middle - half), min(100.0, middle + half), len(found.used))
    return after, without


def _matched(rows: Sequence[History], until: int, horizon: int) -> _Sums:
    failed = np.array([_never(row.failed_at) for row in rows], dtype=np.int64)
    owners = np.repeat(np.arange(len(rows)), [len(row.bought) for row in rows])
    times = np.array([at for row in rows for at in row.bought], dtype=np.int64)
    found = _Sums(np.zeros(len(rows)))
    cells: dict[tuple[int, int], list[int]] = defaultdict(list)
    for place, row in enumerate(rows):
        if row.failed_at is None:
            continue
        if row.over_at is None:
            found.unresolved += 1
        elif (landmark := _next_week(row.over_at)) + horizon > until:
            found.open += 1
        else:
            cells[_next_week(row.failed_at), landmark].append(place)
    for (seen, landmark), places in sorted(cells.items()):
        bands = _bands(owners, times, seen, len(rows))
        later = owners[(times >= landmark) & (times < landmark + horizon)]
        stayed = np.bincount(later, minlength=len(rows)) > 0
        _add(found, np.array(places), bands, stayed, failed >= landmark)
    return found


def _add(
    found: _Sums,
    places: Numbers,
    bands: Numbers,
    stayed: NDArray[np.bool_],
    without: NDArray[np.bool_],
) -> None:
    """The failures of one week and end, band by band; 2."""
    for band in np.unique(bands[places]):
        own = places[bands[places] == band]
        others = np.flatnonzero(without & (bands == band))
        if band < 0 or len(others) < FEWEST:
            found.unmatched += len(own)
            continue
        share = float(stayed[others].mean())
        found.failures += len(own)
        found.stayed += int(stayed[own].sum())
        found.expected += len(own) * share
        found.influence[others] += len(own) * (stayed[others] - share) / len(others)
        found.used.update(others.tolist())


def _bands(owners: Numbers, times: Numbers, seen: int, people: int) -> Numbers:
    """The band of each customer at ``seen``; -1 for who had not bought yet."""
    before = times < seen
    own, at = owners[before], times[before]
    orders = np.bincount(own, minlength=people)
    first, last = np.full(people, seen), np.zeros(people, dtype=np.int64)
    np.minimum.at(first, own, at)
    np.maximum.at(last, own, at)
    often, long = np.digitize(orders, _OFTEN), np.digitize(seen - first, _LONG)
    bands = (often * 10 + long) * 10 + np.digitize(seen - last, _LATELY)
    return np.asarray(np.where(orders > 0, bands, -1), dtype=np.int64)


def _next_week(at: int) -> int:
    return (at // _WEEK + 1) * _WEEK


def _never(at: int | None) -> int:
    return np.iinfo(np.int64).max if at is None else at
