"""How customers feel at each stage and what it costs them: the curve of a journey.

An answer counts for the stage of the ticket that it names; else for its own, if the map names that
survey; else for the stage of what the customer met within three days before it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from itertools import pairwise
from statistics import fmean

from hub.core.records import Ticket
from hub.journeys import kinds
from hub.journeys.definition import Emotion, Journey
from hub.journeys.event import Event
from hub.journeys.feeling import FeelingsOf, SentimentOf, no_feelings
from hub.journeys.inventory import answers
from hub.journeys.passage import Step, Timeline, steps
from hub.journeys.score import survey_score

_UNWELL = frozenset({"angry", "anxious", "confused", "disappointed", "frustrated"})


@dataclass(frozen=True, slots=True)
class Point:
    """One stage on the curve.

    Args:
        stage: Its id.
        expected: How the map expects customers to feel.
        people: Customers who entered it.
        n: Events that say how they felt.
        felt: Their mean, -1 (bad) to 1 (good); None below the minimum of events.
        feelings: Feelings that customers named here, with the number of events that do.
        contacts: Times that customers turned to somebody, per customer who entered.
        switches: Times that they had to change the channel, per customer who entered.
        reopens: Times that an issue was opened again, per customer who entered.
    """

    stage: str
    expected: Emotion
    people: int
    n: int
    felt: float | None
    feelings: Mapping[str, int]
    contacts: float
    switches: float
    reopens: float

    @property
    def effort(self) -> float:
        """What the stage costs a customer: contacts, changes of channel and reopenings together."""
        return self.contacts + self.switches + self.reopens

    @property
    def worse_than_expected(self) -> bool:
        """Whether customers feel bad where the map does not expect it."""
        return self.felt is not None and self.felt < 0 and self.expected not in _UNWELL


@dataclass(slots=True)
class _Sums:
    people: int = 0
    felt: list[float] = field(default_factory=list)
    feelings: Counter[str] = field(default_factory=Counter)
    contacts: int = 0
    switches: int = 0
    reopens: int = 0


def curve(
    journey: Journey,
    people: Iterable[Timeline],
    now: datetime,
    *,
    min_n: int = 1,
    sentiment_of: SentimentOf = survey_score,
    feelings_of: FeelingsOf = no_feelings,
) -> list[Point]:
    """The stages of a journey in order, with what was felt and what it cost.

    Args:
        journey: The journey.
        people: Everybody's timelines.
        now: The present; later events have not happened.
        min_n: Below this many events a stage has no value.
        sentiment_of: Tells how an event felt; by default the scores of surveys and reviews.
        feelings_of: Tells which feelings an event names; by default none.
    """
    sums = [_Sums() for _ in journey.stages]
    for events in people:
        past = [event for event in events if event.at <= now]
        walked = steps(journey, past, now)
        for stage in {step.stage for step in walked}:
            _add_effort(sums[stage], [step for step in walked if step.stage == stage])
        for at, event in _felt_where(journey, past):
            if (felt := sentiment_of(event)) is not None:
                sums[at].felt.append(felt)
            sums[at].feelings.update(feelings_of(event))
    return [_point(journey, at, found, min_n) for at, found in enumerate(sums)]


def lowest(points: Sequence[Point]) -> Point | None:
    """The stage where customers feel worst; None if no stage has a value."""
    return min((p for p in points if p.felt is not None), key=lambda p: p.felt or 0.0, default=None)


def _add_effort(sums: _Sums, walked: Sequence[Step]) -> None:
    met = [step.event for step in walked if step.event.kind in kinds.CONTACTS]
    channels = [event.channel for event in met if event.channel is not None]
    sums.people += 1
    sums.contacts += len(met)
    sums.switches += sum(before != after for before, after in pairwise(channels))
    sums.reopens += sum(e.record.reopens or 0 for e in met if isinstance(e.record, Ticket))


def _felt_where(journey: Journey, past: Sequence[Event]) -> Iterator[tuple[int, Event]]:
    """Every event that may say how something felt, with the stage that it speaks of."""
    for event in past:
        if event.kind not in kinds.FEEDBACK and (own := journey.stage_of(event)) is not None:
            yield own, event
    for answer, about in answers(past):
        at = _spoken_of(journey, answer, about)
        if at is not None:
            yield at, answer


def _spoken_of(journey: Journey, answer: Event, about: Event | None) -> int | None:
    own = journey.stage_of(answer)
    met = None if about is None else journey.stage_of(about)
    if about is not None and answer.ref is not None and about.ref == answer.ref:
        return met
    if own is not None and any(
        t.precision and t.fits(answer) for t in journey.stages[own].touchpoints
    ):
        return own
    return own if met is None else met


def _point(journey: Journey, at: int, sums: _Sums, min_n: int) -> Point:
    stage, n, people = journey.stages[at], len(sums.felt), max(1, sums.people)
    return Point(
        stage.id,
        stage.emotion,
        sums.people,
        n,
        fmean(sums.felt) if n >= max(1, min_n) else None,
        dict(sorted(sums.feelings.items(), key=lambda each: (-each[1], each[0]))),
        sums.contacts / people,
        sums.switches / people,
        sums.reopens / people,
    )
