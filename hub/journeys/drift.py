"""Where the map and reality have parted: what happens that it does not know, and what never does.

A map that nobody reviews is out of date before anybody notices, so an overdue review is drift, too.
"""

from __future__ import annotations

from collections.abc import Iterable
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
    known = [list(events) for events in people]
    unmapped = [row for row in inventory(journey, known, now) if row.stage is None]
    today = now.astimezone(zone).date()
    return Drift(
        journey.key,
        tuple(unmapped),
        tuple(_unseen(journey, known, now)),
        journey.review_due,
        max(0, (today - journey.review_due).days),
    )


def _unseen(
    journey: Journey, people: Iterable[Timeline], now: datetime
) -> Iterable[tuple[str, Touchpoint]]:
    met = {
        touchpoint
        for events in people
        for step in steps(journey, events, now)
        for touchpoint in journey.stages[step.stage].touchpoints
        if touchpoint.fits(step.event)
    }
    for at, touchpoint in journey.touchpoints():
        if touchpoint not in met:
            yield journey.stages[at].id, touchpoint
