"""Where the map and reality have parted: what happens that it does not know, and what never does.

A map that nobody reviews is out of date before anybody notices, so an overdue review is drift, too.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, datetime, tzinfo

from hub.journeys.definition import Journey, Touchpoint
from hub.journeys.inventory import Row, inventory
from hub.journeys.passage import Timeline, steps


@dataclass(frozen=True, slots=True)
class Drift:
    """How one map differs from the data.

    Args:
        journey: Its key.
        unmapped: Touchpoints that customers meet and the map does not know, busiest first.
        unseen: Touchpoints of the map that no event has met, with the id of their stage.
        review_due: Day on which the map was or is to be reviewed.
        overdue: Days since then; 0 while it is not due.
    """

    journey: str
    unmapped: tuple[Row, ...]
    unseen: tuple[tuple[str, Touchpoint], ...]
    review_due: date
    overdue: int

    @property
    def needs_review(self) -> bool:
        """Whether somebody has to look at the map."""
        return bool(self.unmapped or self.unseen or self.overdue)


def drift(journey: Journey, people: Iterable[Timeline], now: datetime, zone: tzinfo) -> Drift:
    """What the map of a journey misses, as of ``now``.

    Args:
        journey: The map.
        people: Everybody's timelines.
        now: The present.
        zone: On whose clocks a day begins.
    """
    met: set[Touchpoint] = set()
    rows = inventory(journey, _noting(journey, people, now, met), now)
    unseen = [
        (journey.stages[at].id, touchpoint)
        for at, touchpoint in journey.touchpoints()
        if touchpoint not in met
    ]
    today = now.astimezone(zone).date()
    return Drift(
        journey.key,
        tuple(row for row in rows if row.stage is None),
        tuple(unseen),
        journey.review_due,
        max(0, (today - journey.review_due).days),
    )


def _noting(
    journey: Journey, people: Iterable[Timeline], now: datetime, met: set[Touchpoint]
) -> Iterator[Timeline]:
    """The same timelines; what was met on the way is added to ``met``."""
    for events in people:
        for step in steps(journey, events, now):
            touchpoints = journey.stages[step.stage].touchpoints
            met.update(each for each in touchpoints if each.fits(step.event))
        yield events
