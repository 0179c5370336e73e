"""How a journey performs: completion, duration, effort, satisfaction and what became of it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from math import ceil
from statistics import fmean, median

from hub.journeys import kinds
from hub.journeys.definition import Journey
from hub.journeys.event import Event
from hub.journeys.feeling import SentimentOf
from hub.journeys.passage import Passage, Timeline, passage, reason_of_loss
from hub.journeys.score import survey_score


@dataclass(frozen=True, slots=True)
class Performance:
    """A journey over everybody who entered its first required stage.

    Args:
        journey: Its key.
        started: Customers who entered it.
        completed: Those who reached its end, each step within the window.
        open: Those who still may.
        duration: Median seconds from the first to the last required stage, of the completed.
        duration_p90: Nine in ten of them needed no longer, seconds.
        contacts: Times that a customer turned to somebody on the way, mean per started journey.
        felt: Mean of what customers said on the way, -1 to 1; None if nobody said anything.
        answers: How often they said something.
        outcomes: How the journeys ended: completed, open, or the reason of the loss.
    """

    journey: str
    started: int
    completed: int
    open: int
    duration: float | None
    duration_p90: float | None
    contacts: float | None
    felt: float | None
    answers: int
    outcomes: Mapping[str, int]


def performance(
    journey: Journey,
    people: Iterable[Timeline],
    now: datetime,
    *,
    sentiment_of: SentimentOf = survey_score,
) -> Performance:
    """The performance of a journey as of ``now``.

    Args:
        journey: The journey.
        people: Everybody's timelines.
        now: The present.
        sentiment_of: Tells how an event felt; by default the scores of surveys and reviews.
    """
    tally = _Tally()
    for events in people:
        found = passage(journey, events, now)
        if found is not None:
            tally.add(journey, found, events, now, sentiment_of)
    return tally.performance(journey)


@dataclass(slots=True)
class _Tally:
    outcomes: Counter[str] = field(default_factory=Counter)
    durations: list[float] = field(default_factory=list)
    contacts: list[int] = field(default_factory=list)
    felt: list[float] = field(default_factory=list)

    def add(
        self,
        journey: Journey,
        found: Passage,
        events: Timeline,
        now: datetime,
        sentiment_of: SentimentOf,
    ) -> None:
        lost = found.state == "lost"
        self.outcomes[reason_of_loss(journey, found, events) if lost else found.state] += 1
        way = _on_the_way(journey, found, events, now)
        self.contacts.append(sum(event.kind in kinds.CONTACTS for event in way))
        self.felt += [said for event in way if (said := sentiment_of(event)) is not None]
        if found.state == "completed":
            self.durations.append((found.last[1] - found.stages[0][1]).total_seconds())

    def performance(self, journey: Journey) -> Performance:
        return Performance(
            journey.key,
            self.outcomes.total(),
            self.outcomes["completed"],
            self.outcomes["open"],
            median(self.durations) if self.durations else None,
            _percentile(self.durations, 0.9),
            fmean(self.contacts) if self.contacts else None,
            fmean(self.felt) if self.felt else None,
            len(self.felt),
            dict(sorted((+self.outcomes).items())),
        )


def _on_the_way(
    journey: Journey, found: Passage, events: Timeline, now: datetime
) -> Sequence[Event]:
    """What happened from the first stage to the end of the journey, or of its last window."""
    start, end = found.stages[0][1], found.last[1]
    until = end if found.state == "completed" else min(now, end + journey.span)
    return [event for event in events if start <= event.at <= until]


def _percentile(values: Sequence[float], share: float) -> float | None:
    """The least value that at least ``share`` of all do not exceed (nearest rank)."""
    return sorted(values)[ceil(share * len(values)) - 1] if values else None
