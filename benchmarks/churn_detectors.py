"""Who judges whether a customer leaves: the hub's risk, recency alone, and chance.

They are handed a timeline and a day. None of them may read the world that the timeline comes from,
but for the seed of the chance.
"""

from __future__ import annotations

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta

from benchmarks.timelines import as_known
from hub.emulation.world.churn import ChurnWorld
from hub.emulation.world.dice import dice
from hub.journeys import kinds
from hub.journeys.timeline import Event
from hub.voc.risk import assess

Judgement = tuple[float | None, tuple[str, ...]]
"""Points, None for unknown, and the signals behind them, heaviest first."""
Detector = Callable[[Sequence[Event], datetime], Judgement]
HAS_DONE = kinds.CONTACTS | {kinds.LOG_IN, kinds.USAGE, kinds.PAGE_VIEW, kinds.ORDER, kinds.SURVEY}


def hub_risk(world: ChurnWorld) -> Detector:
    """The hub's own points, which know what the whole hub hears of."""
    heard: dict[str, list[datetime]] = defaultdict(list)
    for each in world.subscribers:
        for _, events in as_known(each.told, [world.end]):
            for event in events:
                heard[event.kind].append(event.at)
    for instants in heard.values():
        instants.sort()

    def judge(events: Sequence[Event], now: datetime) -> Judgement:
        newest = {kind: at[bisect_right(at, now) - 1] for kind, at in heard.items() if at[0] <= now}
        risk = assess(events, now, known=newest)
        return risk.points, tuple(reason.signal for reason in risk.reasons if reason.points > 0)

    return judge


def recency(events: Sequence[Event], now: datetime) -> Judgement:
    """Days since the customer last did anything."""
    done = [event.at for event in events if event.kind in HAS_DONE and event.at <= now]
    return (now - max(done)) / timedelta(days=1) if done else None, ()


def by_chance(world: ChurnWorld) -> Detector:
    """One draw for each customer, whatever they do."""

    def judge(events: Sequence[Event], now: datetime) -> Judgement:
        whose = min(event.source.rpartition("/")[2].partition("-")[0] for event in events)
        return dice(world.seed, "alert", whose).random(), ()

    return judge
