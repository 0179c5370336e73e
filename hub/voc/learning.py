"""Learn from a business's own past how much each signal of risk is worth.

1. Every customer is looked at every four weeks of their past, with the events until that day; they
   count as leaving if they have left 90 days later (:func:`~hub.voc.postmortem.departure`).
2. Each four weeks are judged by a model of what was known when they began: looks that were 90 days
   old by then. Never by a random part of the past, which would know the future (rolling origin:
   Tashman 2000).
3. It beats the points if its alerts catch more leavers within the same budget of false ones, by an
   interval that excludes zero, and it orders everybody no worse by more than a margin
   (:attr:`~hub.voc.reweighing.Card.wins`). Else it is refused.
4. What is kept is fitted once more, to everything.

Weights are drawn towards the points (ten points double the odds), so that with little past the
model is the points. A signal whose past says the contrary of its meaning gets nothing, not less.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import groupby
from typing import Final

import numpy as np

from hub.journeys.event import Event
from hub.voc.logistic import Floats, Ints, fit
from hub.voc.postmortem import departure
from hub.voc.remedy import Weigh
from hub.voc.reweighing import Card, Gain, Reweighing
from hub.voc.roc import auc, caught, gain

AHEAD: Final = timedelta(days=90)
"""Within which somebody has to leave to count as leaving."""
EVERY: Final = timedelta(days=28)
"""Between looks at one customer: no two of them see the same four weeks."""
LOOKS: Final = 26
"""Looks into the past: two years."""
FEWEST: Final = 30
"""Customers who left, to learn from and to test on, below which nothing is learnt."""
DOUBLES: Final = float(np.log(2))
"""Log-odds of ten points."""
_RIDGE: Final = DOUBLES**-2
"""One standard deviation of what is believed: twice the points, or nothing."""


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
    trained = forward(taken)
    tested = taken[len(taken) - len(trained) :]
    if len(_leavers(tested)) < FEWEST:
        n = len(_leavers(taken))
        return TooFew(f"{n} customers left; {FEWEST} are needed to learn from, and {FEWEST} later")
    if all(each.left for each in tested):
        return TooFew(f"nobody of whom {score} is known stayed")
    caught_more, told_apart = gains(tested, trained)
    card = Card(
        trained_at=trained_at.isoformat(),
        first=taken[0].at.isoformat(),
        last=taken[-1].at.isoformat(),
        tested_from=tested[0].at.isoformat(),
        ahead_days=AHEAD.days,
        customers=len({each.customer for each in taken}),
        snapshots=len(taken),
        leavers=len(_leavers(taken)),
        tested_on=len(tested),
        tested_leavers=len(_leavers(tested)),
        caught=caught_more,
        auc=told_apart,
    )
    return Reweighing(score=score, factors=_factors(taken), card=card)


def gains(tested: Sequence[Snapshot], trained: Ints) -> tuple[Gain, Gain]:
    """What a model has over the points in leavers caught within budget, and in AUC.

    Args:
        tested: Snapshots that it has not learnt from.
        trained: The risk that it tells on each.
    """
    points, y, whose = totals(tested, {}), _outcomes(tested), [each.customer for each in tested]
    return gain(caught, points, trained, y, whose), gain(auc, points, trained, y, whose)


def totals(taken: Sequence[Snapshot], factors: Mapping[str, float]) -> Ints:
    """The risk on each snapshot, as it would be shown."""
    sums = (
        sum(round(points * factors.get(name, 1.0)) for name, points in each.points.items())
        for each in taken
    )
    return np.array([min(100, max(0, total)) for total in sums], np.int64)


def forward(taken: Sequence[Snapshot]) -> Ints:
    """The risk at each of the latest looks, by what had been learnt when its four weeks began.

    The first looks, before which too few had left, have none.

    Args:
        taken: Snapshots of everybody, by instant.
    """
    first = taken[0].at
    judged: list[Ints] = [np.array([], np.int64)]
    for number, looked in groupby(taken, key=lambda each: (each.at - first) // EVERY):
        origin = first + number * EVERY
        known = taken[: bisect_right(taken, origin - AHEAD, key=lambda each: each.at)]
        if len(_leavers(known)) >= FEWEST and not all(each.left for each in known):
            judged.append(totals(list(looked), _factors(known)))
    return np.concatenate(judged)


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


def _outcomes(taken: Sequence[Snapshot]) -> Floats:
    return np.array([each.left for each in taken], np.float64)
