"""Retention cohorts: of those first seen in a month, who came back in each month after, and worth.

Classic retention: active in month c + k, whatever happened between. A month that is not over is
blank, not zero. Where the history begins, people first *seen* are not all new: that cohort is
marked. Somebody merged from several records belongs to the cohort of their first event.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import tzinfo

from hub.metrics.compare import Difference, compare
from hub.metrics.interval import Estimate, wilson
from hub.metrics.months import begin, label, month_of
from hub.metrics.orders import Order
from hub.metrics.skewed import far_below, ratio
from hub.metrics.snapshot import Measured

TOLD = (1, 3, 6, 12)
"""Months after the first that are kept as snapshots."""

COHORTS = 24
"""Newest cohorts that are kept as snapshots."""


@dataclass(frozen=True, slots=True)
class Cohort:
    """People first seen in one month.

    Args:
        month: The month, see :mod:`hub.metrics.months`.
        active: Who was active in each month from the first on; shorter for a newer cohort, since
            months that are not over are blank.
        net: What each of them had spent, in all, by the end of each of those months, minor units.
        truncated: Whether history begins in this month, so that some were customers before.
    """

    month: int
    active: Sequence[frozenset[str]]
    net: Sequence[dict[str, int]]
    truncated: bool

    @property
    def size(self) -> int:
        """People in the cohort."""
        return len(self.active[0])

    def retention(self, k: int, confidence: float) -> Estimate | None:
        """Share active ``k`` months after the first, with Wilson's interval; None while blank."""
        if k >= len(self.active):
            return None
        return wilson(len(self.active[k]), self.size, confidence)

    def value(self, k: int, confidence: float) -> Estimate | None:
        """Net revenue per person by the end of month ``k``, minor units; None while blank."""
        return None if k >= len(self.net) else ratio(self.worth(k), confidence)

    def worth(self, k: int) -> list[tuple[float, float]]:
        """Net revenue by the end of month ``k`` of each person, those who stayed away included."""
        return [(float(self.net[k].get(who, 0)), 1.0) for who in sorted(self.active[0])]


def cohorts(orders: Iterable[Order], until: int, zone: tzinfo) -> list[Cohort]:
    """The cohorts of complete months, oldest first; only orders of one currency.

    Args:
        orders: By golden id, so that merged records are one person.
        until: The instant that the data reach to; the month it lies in is not over.
        zone: On whose clocks a month begins.
    """
    running = month_of(until, zone)
    by_person: dict[str, list[tuple[int, int]]] = defaultdict(list)
    for order in orders:
        by_person[order.golden_id].append((month_of(order.at, zone), order.net))
    groups: dict[int, dict[str, list[tuple[int, int]]]] = defaultdict(dict)
    for person, bought in by_person.items():
        groups[min(month for month, _ in bought)][person] = bought
    oldest = min(groups, default=running)
    return [
        _cohort(month, groups[month], running, truncated=month == oldest)
        for month in sorted(groups)
        if month < running
    ]


def uplift(
    before: Sequence[Cohort], after: Sequence[Cohort], k: int, confidence: float
) -> tuple[Difference | None, Difference | None]:
    """By how much retention at ``k`` and value by ``k`` differ, cohorts since an initiative less
    those before it; None where no cohort is old enough or the history begins.
    """  # noqa: D205
    pooled = [_pooled([c for c in side if not c.truncated], k) for side in (before, after)]
    if not all(pooled):
        return None, None
    (was, now) = pooled
    retained = compare(
        *(wilson(sum(came for came, _ in s), len(s), confidence) for s in (was, now))
    )
    worth = compare(*(ratio([(net, 1) for _, net in s], confidence) for s in (was, now)))
    return retained, worth


def overall(
    orders: Iterable[Order], until: int, zone: tzinfo, confidence: float
) -> Iterator[Measured]:
    """Retention and value of the newest cohorts, a series per currency, cohort and month told."""
    by_currency: dict[str, list[Order]] = defaultdict(list)
    for order in orders:
        by_currency[order.currency].append(order)
    for currency, group in sorted(by_currency.items()):
        for cohort in cohorts(group, until, zone)[-COHORTS:]:
            for k in TOLD:
                yield from _measured(cohort, currency, k, zone, confidence)


def _measured(
    cohort: Cohort, currency: str, k: int, zone: tzinfo, confidence: float
) -> Iterator[Measured]:
    retained, worth = cohort.retention(k, confidence), cohort.value(k, confidence)
    if retained is None or worth is None:
        return
    series = f"{currency} {label(cohort.month)} +{k}"
    period = (begin(cohort.month, zone), begin(cohort.month + k + 1, zone) - 1)
    detail = {
        "cohort": cohort.size,
        "active": [len(month) for month in cohort.active],
        "history_begins_here": cohort.truncated,
    }
    yield Measured("retention", series, retained, period, detail=detail)
    poor = far_below(cohort.worth(k), worth.value, confidence)
    yield Measured("cohort_value", series, worth, period, detail=detail, worst=poor)


def _cohort(
    month: int, people: dict[str, list[tuple[int, int]]], running: int, *, truncated: bool
) -> Cohort:
    active: list[set[str]] = [set() for _ in range(running - month)]
    spent: list[dict[str, int]] = [defaultdict(int) for _ in range(running - month)]
    for person, bought in people.items():
        for when, net in bought:
            if when < running:
                active[when - month].add(person)
                spent[when - month][person] += net
    sums: list[dict[str, int]] = []
    for each in spent:
        last = sums[-1] if sums else {}
        sums.append({who: last.get(who, 0) + each.get(who, 0) for who in {*last, *each}})
    return Cohort(month, [frozenset(each) for each in active], sums, truncated)


def _pooled(group: Sequence[Cohort], k: int) -> list[tuple[bool, int]]:
    """Per person of the cohorts that are old enough: whether active at ``k``, and net by then."""
    return [
        (who in cohort.active[k], cohort.net[k].get(who, 0))
        for cohort in group
        if k < len(cohort.active)
        for who in sorted(cohort.active[0])
    ]
