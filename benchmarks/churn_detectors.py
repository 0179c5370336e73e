"""Who judges whether a customer leaves: the hub's risk, recency alone, and chance.

They are handed a timeline and a day. None of them may read the world that the timeline comes from,
but for the seed of the chance.
"""

from __future__ import annotations

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta

from benchmarks.timelines import as_known
from hub.emulation.world.churn import ChurnWorld
from hub.emulation.world.dice import dice
from hub.journeys import kinds
from hub.journeys.timeline import Event
from hub.voc.own_past import TIDE_OF
from hub.voc.risk import assess
from hub.voc.tide import tide, uses

Judgement = tuple[float | None, Mapping[str, int]]
"""Points, None for unknown, and what each signal adds to them, heaviest first."""
Detector = Callable[[Sequence[Event], datetime], Judgement]
HAS_DONE = kinds.CONTACTS | {kinds.LOG_IN, kinds.USAGE, kinds.PAGE_VIEW, kinds.ORDER, kinds.SURVEY}


def hub_risk(world: ChurnWorld) -> Detector:
    """The hub's own points, which know what the whole hub hears of, and what everybody does."""
    heard: dict[str, list[datetime]] = defaultdict(list)
    users = []
    for each in world.subscribers:
        for _, events in as_known(each.told, [world.end]):
            users.append(uses(events))
            for event in events:
                heard[event.kind].append(event.at)
    everybody = tide(users[:TIDE_OF])
    for instants in heard.values():
        instants.sort()

    def judge(events: Sequence[Event], now: datetime) -> Judgement:
        newest = {kind: at[bisect_right(at, now) - 1] for kind, at in heard.items() if at[0] <= now}
        risk = assess(events, now, known=newest, tide=everybody)
        return risk.points, {reason.signal: reason.points for reason in risk.reasons}

    return judge


def recency(events: Sequence[Event], now: datetime) -> Judgement:
    """Days since the customer last did anything."""
    done = [event.at for event in events if event.kind in HAS_DONE and event.at <= now]
    return (now - max(done)) / timedelta(days=1) if done else None, {}


def by_chance(world: ChurnWorld) -> Detector:
    """One draw for each customer, whatever they do."""

    def judge(events: Sequence[Event], now: datetime) -> Judgement:
        whose = min(event.source.rpartition("/")[2].partition("-")[0] for event in events)
        return dice(world.seed, "alert", whose).random(), {}

    return judge
