"""Which themes rise: more customers speak of them than usual, and chance does not explain it.

A theme is counted in customers per week: whoever writes ten times is one. A week is held against
the weeks before it, half a year at most (:mod:`hub.metrics.baseline`):

1. Share: of those who wrote, more speak of it (Fisher's exact test, one-sided).
2. Volume: more customers speak of it (exact test of two Poisson rates, one-sided). In both, where
   the weeks before vary more than chance would have them, counts are divided by how much more.
3. The smaller of the two probabilities, doubled, is the theme's.
4. Of all themes of the week those rise that Benjamini and Hochberg let pass, and of which enough
   customers speak. Where nothing has changed, at most ``false_alarms`` of the weeks raise anything.

Themes of whom too few customers spoke in all these weeks together are not tested: given that sum
both tests are what they say, so that leaving them out costs nothing.

A week that is not over is held to the volume of a whole one: who exceeds that before its end has
exceeded it. Its shares are not tested, since they would be looked at again every day.

Source: Benjamini and Hochberg 1995; Przyborowski and Wilenski 1940; McCullagh and Nelder 1989, 6.2.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from hub.metrics.baseline import FEWEST, WINDOW


@dataclass(frozen=True, slots=True)
class Week:
    """What customers wrote of in one week.

    Args:
        begin: Its first microsecond.
        wrote: Customers who wrote anything.
        customers: Theme to the number of customers who spoke of it.
    """

    begin: int
    wrote: int
    customers: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class Rise:
    """A theme that rose.

    Args:
        theme: Which.
        week: First microsecond of the week.
        customers: Who spoke of it in that week.
        wrote: Who wrote anything in it.
        usual_customers: The sum of customers over the weeks before.
        usual_wrote: Likewise of those who wrote anything.
        weeks: How many weeks before.
        chance: Probability of as much without a change, of this theme alone.
    """

    theme: str
    week: int
    customers: int
    wrote: int
    usual_customers: int
    usual_wrote: int
    weeks: int
    chance: float


def rises(
    weeks: Sequence[Week],
    place: int,
    *,
    is_over: bool,
    min_customers: int,
    false_alarms: float,
) -> list[Rise]:
    """The themes that rose in the week at ``place``, by name; none while there is no baseline.

    Args:
        weeks: One after the other, without a gap; no theme in them is left out for its frequency.
        place: Which one is asked about.
        is_over: Whether nothing more can happen in it.
        min_customers: Customers below whom nothing is a theme.
        false_alarms: Share of weeks that may raise something although nothing has changed.
    """
    before = _baseline(weeks[max(0, place - WINDOW) : place])
    if len(before) < FEWEST:
        return []
    here = weeks[place]
    found = [
        _held_against(theme, here, before, is_over=is_over)
        for theme in sorted(
            {*here.customers, *(theme for week in before for theme in week.customers)}
        )
    ]
    tested = [each for each in found if each.customers + each.usual_customers >= min_customers]
    limit = _limit([each.chance for each in tested], false_alarms)
    return [each for each in tested if each.chance <= limit and each.customers >= min_customers]


def _baseline(weeks: Sequence[Week]) -> Sequence[Week]:
    """The weeks from the first one in which anybody wrote."""
    first = next((place for place, week in enumerate(weeks) if week.wrote), len(weeks))
    return weeks[first:]


def _held_against(theme: str, here: Week, before: Sequence[Week], *, is_over: bool) -> Rise:
    counts = [week.customers.get(theme, 0) for week in before]
    wrote, usual, now = [week.wrote for week in before], sum(counts), here.customers.get(theme, 0)
    by_volume = _more_often(now, counts)
    by_share = _larger_share(now, here.wrote, counts, wrote) if is_over else 1.0
    chance = min(1.0, 2 * min(by_volume, by_share))  # 3
    return Rise(theme, here.begin, now, here.wrote, usual, sum(wrote), len(before), chance)


def _more_often(now: int, counts: Sequence[int]) -> float:
    """2. Probability that of all customers, evenly over all weeks, so many fall on this one.

    >>> round(_more_often(3, [0] * 8) * 9**3, 6)
    1.0
    """
    spread = _dispersion(counts, [1] * len(counts))
    now, before = math.floor(now / spread), math.ceil(sum(counts) / spread)
    n, share = now + before, 1 / (len(counts) + 1)
    if now <= n * share:
        return 1.0
    return _sum(
        _choose(n, k) + k * math.log(share) + (n - k) * math.log1p(-share)
        for k in range(now, n + 1)
    )


def _larger_share(now: int, wrote: int, counts: Sequence[int], writers: Sequence[int]) -> float:
    """1. Probability that so many of those who spoke of it are among those who wrote this week.

    >>> round(_larger_share(3, 3, [0], [3]), 3)
    0.05
    """
    spread = _dispersion(counts, writers)
    now, before = math.floor(now / spread), math.ceil(sum(counts) / spread)
    wrote, others = math.ceil(wrote / spread), math.floor(sum(writers) / spread)
    n, spoke = wrote + max(others, before), now + before
    if now * n <= spoke * wrote:
        return 1.0
    every = _choose(n, wrote)
    return _sum(
        _choose(spoke, k) + _choose(n - spoke, wrote - k) - every
        for k in range(max(now, wrote + spoke - n), min(wrote, spoke) + 1)
    )


def _dispersion(counts: Sequence[int], sizes: Sequence[int]) -> float:
    """How much more the weeks vary about their share of the whole than chance; 1 at least."""
    each = sum(counts) / max(1, sum(sizes))
    pairs = zip(counts, (each * size for size in sizes), strict=True)
    off = [(count - expected) ** 2 / expected for count, expected in pairs if expected]
    return max(1.0, math.fsum(off) / (len(off) - 1)) if len(off) > 1 else 1.0


def _limit(chances: Sequence[float], false_alarms: float) -> float:
    """4. The largest probability that passes, by Benjamini and Hochberg."""
    ordered = sorted(chances)
    passed = (
        chance
        for rank, chance in enumerate(ordered, 1)
        if chance <= false_alarms * rank / len(ordered)
    )
    return max(passed, default=-1.0)


def _choose(n: int, k: int) -> float:
    """Logarithm of the number of ways to choose ``k`` of ``n``."""
    return math.lgamma(n + 1) - math.lgamma(k + 1) - math.lgamma(n - k + 1)


def _sum(logarithms: Iterable[float]) -> float:
    return min(1.0, math.fsum(map(math.exp, logarithms)))
