"""Learn from a business's own past how much each signal of risk is worth.

1. Every customer is looked at every four weeks of their past, with the events until that day; they
   count as leaving if they have left 90 days later (:func:`~hub.voc.postmortem.departure`).
2. One day parts the past. The model learns from looks whose outcome was known on that day, and is
   tested on looks after it: never on a random part, which would know the future.
3. It beats the points if the difference in AUC excludes zero, by a bootstrap over customers. Then
   it is fitted once more to everything; else it is refused.

Weights are drawn towards the points (ten points double the odds), so that with little past the
model is the points. A signal whose past says the contrary of its meaning gets nothing, not less.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

import numpy as np

from hub.journeys.event import Event
from hub.voc.logistic import Floats, Ints, auc, fit
from hub.voc.postmortem import departure
from hub.voc.remedy import Weigh
from hub.voc.reweighing import Card, Gain, Reweighing

AHEAD: Final = timedelta(days=90)
"""Within which somebody has to leave to count as leaving."""
EVERY: Final = timedelta(days=28)
"""Between looks at one customer: no two of them see the same four weeks."""
LOOKS: Final = 26
"""Looks into the past: two years."""
FEWEST: Final = 30
"""Customers who left, before the cut and after it, below which nothing is learnt."""
LEARNT_SHARE: Final = 0.6
"""Share of the looks that lie before the cut."""
DOUBLES: Final = float(np.log(2))
"""Log-odds of ten points."""
_RIDGE: Final = DOUBLES**-2
"""One standard deviation of what is believed: twice the points, or nothing."""
_RESAMPLES: Final = 1_000
_SEED: Final = 20_260_101


@dataclass(frozen=True, slots=True)
class Snapshot:
    """One customer on one day of the past.

    Args:
        customer: Who, by whatever name.
        at: The day.
        points: What each signal added then.
        left: Whether they had left :data:`AHEAD` later.
    """

    customer: str
    at: datetime
    points: Mapping[str, int]
    left: bool


@dataclass(frozen=True, slots=True)
class TooFew:
    """Why nothing was learnt."""

    reason: str


def looks(now: datetime) -> list[datetime]:
    """The days of the past on which everybody is looked at, in order; outcomes known at ``now``."""
    return [now - AHEAD - each * EVERY for each in reversed(range(LOOKS))]


def snapshots(
    customer: str, events: Sequence[Event], now: datetime, horizon_days: int, weigh: Weigh
) -> Iterator[Snapshot]:
    """A customer's snapshots, from four weeks after their first event until they left.

    Args:
        customer: Who.
        events: Their timeline, in order.
        now: Until when outcomes are known.
        horizon_days: Days without an order after which one without a contract has left.
        weigh: How risk is assessed, without a trained model.
    """
    if not events:
        return
    for at in looks(now):
        known = events[0].at + EVERY <= at
        if known and departure(events, at, horizon_days) is None:
            points = {reason.signal: reason.points for reason in weigh(events, at).reasons}
            left = departure(events, at + AHEAD, horizon_days) is not None
            yield Snapshot(customer, at, points, left)


def learn(every: Iterable[Snapshot], score: str, trained_at: datetime) -> Reweighing | TooFew:
    """The model of these snapshots with its card; whether it wins is on the card.

    Args:
        every: Snapshots of everybody, in any order.
        score: Name and version of the score whose points they hold.
        trained_at: Now.
    """
    taken = sorted(every, key=lambda each: (each.at, each.customer))
    if not taken:
        return TooFew("no customer has been known for long enough")
    cut = taken[int(LEARNT_SHARE * len(taken))].at
    early = [each for each in taken if each.at + AHEAD <= cut]
    late = [each for each in taken if each.at >= cut]
    for part, when in ((early, f"{AHEAD.days} days before"), (late, "after")):
        if (n := len(_leavers(part))) < FEWEST:
            return TooFew(f"{n} customers left {when} {cut:%Y-%m-%d}; {FEWEST} are needed")
        if all(each.left for each in part):
            return TooFew(f"nobody of whom {score} is known stayed {when} {cut:%Y-%m-%d}")
    trial = _factors(early)
    points, trained = _totals(late, {}), _totals(late, trial)
    card = Card(
        trained_at=trained_at.isoformat(),
        first=taken[0].at.isoformat(),
        last=taken[-1].at.isoformat(),
        cut=cut.isoformat(),
        ahead_days=AHEAD.days,
        customers=len({each.customer for each in taken}),
        snapshots=len(taken),
        leavers=len(_leavers(taken)),
        tested_on=len(late),
        tested_leavers=len(_leavers(late)),
        auc_points=_auc(points, late),
        auc_trained=_auc(trained, late),
        gain=_gain(points, trained, late),
    )
    return Reweighing(score=score, factors=_factors(taken), card=card)


def _leavers(taken: Sequence[Snapshot]) -> set[str]:
    return {each.customer for each in taken if each.left}


def _factors(taken: Sequence[Snapshot]) -> dict[str, float]:
    """What each signal's points are to be multiplied with."""
    names = sorted({name for each in taken for name in each.points})
    rows = np.array([[each.points.get(name, 0) for name in names] for each in taken], np.float64)
    believed = np.full(len(names), DOUBLES)
    _, weights = fit(rows / 10, _outcomes(taken), believed, _RIDGE)
    worth = np.maximum(weights / DOUBLES, 0.0)
    return dict(zip(names, (round(float(each), 3) for each in worth), strict=True))


def _totals(taken: Sequence[Snapshot], factors: Mapping[str, float]) -> Ints:
    """The risk on each snapshot, as it would be shown."""
    sums = (
        sum(round(points * factors.get(name, 1.0)) for name, points in each.points.items())
        for each in taken
    )
    return np.array([min(100, max(0, total)) for total in sums], np.int64)


def _outcomes(taken: Sequence[Snapshot]) -> Floats:
    return np.array([each.left for each in taken], np.float64)


def _auc(scores: Ints, taken: Sequence[Snapshot]) -> float:
    return auc(scores, _outcomes(taken), np.ones(len(taken)))


def _gain(points: Ints, trained: Ints, taken: Sequence[Snapshot]) -> Gain:
    """The difference in AUC, customers drawn with all of their snapshots.

    Source: Efron and Tibshirani 1993, chapter 13 (percentile interval).
    """
    y = _outcomes(taken)
    names, whose = np.unique([each.customer for each in taken], return_inverse=True)
    rng = np.random.default_rng(_SEED)
    gaps = []
    for _ in range(_RESAMPLES):
        drawn = rng.multinomial(len(names), np.full(len(names), 1 / len(names)))
        times = drawn[whose].astype(np.float64)
        gaps.append(auc(trained, y, times) - auc(points, y, times))
    low, high = np.quantile(gaps, [0.025, 0.975])
    return Gain(_auc(trained, taken) - _auc(points, taken), float(low), float(high))
