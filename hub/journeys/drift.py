"""Where the map and reality have parted: what happens that it does not know, and what never does.

A map that nobody reviews is out of date before anybody notices, so an overdue review is drift, too;
and so is a touchpoint about which customers were to be heard, and no longer are.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta, tzinfo

from hub.journeys.definition import Journey, Touchpoint
from hub.journeys.event import Event
from hub.journeys.inventory import Row, answers, inventory
from hub.journeys.passage import Timeline


@dataclass(frozen=True, slots=True)
class Gap:
    """A touchpoint in use about which nobody was heard for longer than the map allows.

    Args:
        stage: Id of its stage.
        touchpoint: Which.
        since: Instant of the last answer about it; None if there never was one.
    """

    stage: str
    touchpoint: Touchpoint
    since: datetime | None


@dataclass(frozen=True, slots=True)
class Drift:
    """How one map differs from the data.

    Args:
        journey: Its key.
        unmapped: Touchpoints that customers meet and the map does not know, busiest first.
        unseen: Touchpoints of the map that no event has met, with the id of their stage.
        gaps: Touchpoints of which nobody asks any more.
        review_due: Day on which the map was or is to be reviewed.
        overdue: Days since then; 0 while it is not due.
    """

    journey: str
    unmapped: tuple[Row, ...]
    unseen: tuple[tuple[str, Touchpoint], ...]
    gaps: tuple[Gap, ...]
    review_due: date
    overdue: int

    @property
    def needs_somebody(self) -> bool:
        """Whether the map is overdue, or nobody asks where somebody should."""
        return bool(self.overdue or self.gaps)


def drift(journey: Journey, people: Iterable[Timeline], now: datetime, zone: tzinfo) -> Drift:
    """What the map of a journey misses, as of ``now``.

    Args:
        journey: The map.
        people: Everybody's timelines.
        now: The present.
        zone: On whose clocks a day begins.
    """
    met: dict[Touchpoint, datetime] = {}
    heard: dict[Touchpoint, datetime] = {}
    rows = inventory(journey, _noting(journey, people, now, met, heard), now)
    known = [(journey.stages[at].id, touchpoint) for at, touchpoint in journey.touchpoints()]
    today = now.astimezone(zone).date()
    return Drift(
        journey.key,
        tuple(row for row in rows if row.stage is None),
        tuple((stage, touchpoint) for stage, touchpoint in known if touchpoint not in met),
        tuple(
            Gap(stage, touchpoint, heard.get(touchpoint))
            for stage, touchpoint in known
            if _is_silent(touchpoint, met, heard, now)
        ),
        journey.review_due,
        max(0, (today - journey.review_due).days),
    )


_Last = dict[Touchpoint, datetime]


def _noting(
    journey: Journey, people: Iterable[Timeline], now: datetime, met: _Last, heard: _Last
) -> Iterator[Timeline]:
    """The same timelines; on the way is noted when each touchpoint was last met and heard about."""
    for events in people:
        past = [event for event in events if event.at <= now]
        for event in past:
            _note(journey, event, event.at, met)
        for answer, about in answers(past):
            for spoken_of in (answer, about):
                if spoken_of is not None:
                    _note(journey, spoken_of, answer.at, heard)
        yield events


def _note(journey: Journey, event: Event, at: datetime, last: _Last) -> None:
    stage = journey.stage_of(event)
    for touchpoint in () if stage is None else journey.stages[stage].touchpoints:
        if touchpoint.fits(event):
            last[touchpoint] = max(at, last.get(touchpoint, at))


def _is_silent(touchpoint: Touchpoint, met: _Last, heard: _Last, now: datetime) -> bool:
    """Whether customers met it within its cadence, and none was heard about it for as long."""
    if touchpoint.ask_every is None or touchpoint not in met:
        return False
    since = now - timedelta(seconds=touchpoint.ask_every)
    return met[touchpoint] >= since and (touchpoint not in heard or heard[touchpoint] < since)
