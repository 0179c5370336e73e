"""Who goes on from each stage, who is lost, and why.

1. Conversion of a stage: customers who entered it and then the next required stage within the
   window, of those whose window has passed or who went on. Whoever still may is open, neither
   converted nor lost.
2. Loss: each customer who was lost is attributed to the last stage that they reached in order,
   with the reason that their events tell.

Only counts stand here; intervals belong to the metrics.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from statistics import median

from hub.journeys.definition import Journey
from hub.journeys.passage import (
    Step,
    Timeline,
    entry,
    passage,
    reason_of_loss,
    started_at,
    steps,
)


@dataclass(frozen=True, slots=True)
class Conversion:
    """How many went on from one stage.

    Args:
        stage: Id of the stage.
        to: Id of the next required stage; None for the last.
        entered: Customers who entered it; their first entry counts.
        converted: Those who reached the next required stage within the window.
        open: Those who have not, and whose window has not passed.
        wait: Median seconds from entry to the next stage, of the converted.
        losses: Customers lost after this stage as the last they reached in order, by reason.
    """

    stage: str
    to: str | None
    entered: int
    converted: int
    open: int
    wait: float | None
    losses: Mapping[str, int]

    @property
    def decided(self) -> int:
        """Those of whom it is known whether they went on."""
        return self.entered - self.open

    @property
    def lost_here(self) -> int:
        """Customers whose journey ended here."""
        return sum(self.losses.values())


@dataclass(frozen=True, slots=True)
class Funnel:
    """A journey's conversions.

    Args:
        journey: Its key.
        started: Customers who entered the first required stage.
        completed: Those who reached the last one in order, each step within the window.
        open: Those who still may.
        stages: One row per stage, in order.
    """

    journey: str
    started: int
    completed: int
    open: int
    stages: tuple[Conversion, ...]

    @property
    def lost(self) -> int:
        """Customers whose journey ended before its end."""
        return self.started - self.completed - self.open

    def share_of_loss(self, stage: Conversion) -> float | None:
        """Share of all lost customers whom this stage lost; None if nobody was lost."""
        return stage.lost_here / self.lost if self.lost else None


@dataclass(slots=True)
class _Counts:
    entered: Counter[int] = field(default_factory=Counter)
    open: Counter[int] = field(default_factory=Counter)
    waits: dict[int, list[float]] = field(default_factory=lambda: defaultdict(list))
    losses: dict[int, Counter[str]] = field(default_factory=lambda: defaultdict(Counter))
    states: Counter[str] = field(default_factory=Counter)


def funnel(journey: Journey, people: Iterable[Timeline], now: datetime) -> Funnel:
    """The funnel of everybody's timelines, as of ``now``."""
    counts = _Counts()
    for events in people:
        walked = steps(journey, events, now)
        for stage in range(len(journey.stages)):
            _count_stage(counts, journey, walked, stage, now)
        found = passage(journey, events, now)
        if found is not None:
            counts.states[found.state] += 1
            if found.state == "lost":
                reason = reason_of_loss(journey, found, events)
                counts.losses[found.last[0]][reason] += 1
    return Funnel(
        journey.key,
        counts.states.total(),
        counts.states["completed"],
        counts.states["open"],
        tuple(_row(journey, counts, stage) for stage in range(len(journey.stages))),
    )


def before_and_after(
    journey: Journey, people: Iterable[Timeline], change: datetime, now: datetime
) -> tuple[Funnel, Funnel]:
    """The funnels of those who started before an instant, and of those who did since."""
    early: list[Timeline] = []
    late: list[Timeline] = []
    for events in people:
        at = started_at(journey, events, now)
        if at is not None:
            (early if at < change else late).append(events)
    return funnel(journey, early, now), funnel(journey, late, now)


def _count_stage(
    counts: _Counts, journey: Journey, walked: tuple[Step, ...], stage: int, now: datetime
) -> None:
    at = entry(walked, stage)
    if at is None:
        return
    counts.entered[stage] += 1
    following = _next(journey, stage)
    if following is None:
        return
    then = entry(walked, following, at)
    if then is not None and then - at <= journey.span:
        counts.waits[stage].append(max(0.0, (then - at).total_seconds()))
    elif now <= at + journey.span:
        counts.open[stage] += 1


def _row(journey: Journey, counts: _Counts, stage: int) -> Conversion:
    following, waits = _next(journey, stage), counts.waits[stage]
    return Conversion(
        stage=journey.stages[stage].id,
        to=None if following is None else journey.stages[following].id,
        entered=counts.entered[stage],
        converted=len(waits),
        open=counts.open[stage],
        wait=median(waits) if waits else None,
        losses=dict(sorted(counts.losses[stage].items(), key=lambda each: (-each[1], each[0]))),
    )


def _next(journey: Journey, stage: int) -> int | None:
    return next((each for each in journey.required if each > stage), None)
