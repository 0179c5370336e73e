"""Actual journeys beside the target one: steps skipped, repeated, in the wrong order, too slow.

- skipped: a required stage was not entered, although a later one was.
- repeated: a stage was entered again after another one, where the map does not allow it.
- wrong-order: a stage was entered for the first time after a later one.
- too-slow: from the last earlier stage to this one it took longer than the map allows; also when
  it has not been entered at all and the time has run out.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import groupby
from typing import Literal

from hub.journeys.definition import Journey
from hub.journeys.passage import Step, Timeline, steps

Verdict = Literal["skipped", "repeated", "wrong-order", "too-slow"]
VERDICTS: tuple[Verdict, ...] = ("skipped", "repeated", "wrong-order", "too-slow")


@dataclass(frozen=True, slots=True, order=True)
class Deviation:
    """One way in which a customer's journey differs from the target.

    Args:
        stage: Position of the stage.
        verdict: What is wrong with it.
    """

    stage: int
    verdict: Verdict


@dataclass(frozen=True, slots=True)
class Conformance:
    """How a journey goes, over everybody who entered it.

    Args:
        journey: Its key.
        people: Customers who entered any stage that has a place in the order.
        conforming: Those whose journey goes as designed.
        counts: Customers by stage id and verdict.
    """

    journey: str
    people: int
    conforming: int
    counts: Mapping[tuple[str, Verdict], int]


def conformance(journey: Journey, people: Iterable[Timeline], now: datetime) -> Conformance:
    """How many journeys deviate, where and how, as of ``now``."""
    counts: Counter[tuple[str, Verdict]] = Counter()
    entered = conforming = 0
    for events in people:
        walked = ordered(journey, steps(journey, events, now))
        found = deviations(journey, walked, now)
        entered += bool(walked)
        conforming += bool(walked) and not found
        counts.update((journey.stages[each.stage].id, each.verdict) for each in found)
    return Conformance(journey.key, entered, conforming, dict(counts))


def ordered(journey: Journey, walked: Iterable[Step]) -> list[Step]:
    """The steps in stages that have a place in the order."""
    return [step for step in walked if not journey.stages[step.stage].anytime]


def deviations(journey: Journey, walked: Sequence[Step], now: datetime) -> list[Deviation]:
    """How one customer's steps differ from the target, by stage; empty if they do not.

    Args:
        journey: The target.
        walked: The customer's steps that have a place in the order, see :func:`ordered`.
        now: The present: time that has run out is too slow.
    """
    visits = [stage for stage, _ in groupby(step.stage for step in walked)]
    first: dict[int, datetime] = {}
    for step in walked:
        first.setdefault(step.stage, step.event.at)
    return sorted(
        {
            *_skipped(journey, first),
            *_repeated(journey, visits),
            *_wrong_order(visits),
            *_too_slow(journey, first, now),
        }
    )


def _skipped(journey: Journey, first: Mapping[int, datetime]) -> Iterator[Deviation]:
    furthest = max(first, default=-1)
    for stage in journey.required:
        if stage < furthest and stage not in first:
            yield Deviation(stage, "skipped")


def _repeated(journey: Journey, visits: Sequence[int]) -> Iterator[Deviation]:
    for stage, times in Counter(visits).items():
        if times > 1 and not journey.stages[stage].repeats:
            yield Deviation(stage, "repeated")


def _wrong_order(visits: Sequence[int]) -> Iterator[Deviation]:
    furthest = -1
    for stage in dict.fromkeys(visits):
        if stage < furthest:
            yield Deviation(stage, "wrong-order")
        furthest = max(furthest, stage)


def _too_slow(
    journey: Journey, first: Mapping[int, datetime], now: datetime
) -> Iterator[Deviation]:
    furthest = max(first, default=-1)
    awaited = next((stage for stage in journey.required if stage > furthest), None)
    for at, stage in enumerate(journey.stages):
        entered = first.get(at) or (now if at == awaited else None)
        if stage.within is None or entered is None:
            continue
        before = [first[each] for each in first if each < at and first[each] <= entered]
        if before and entered - max(before) > timedelta(seconds=stage.within):
            yield Deviation(at, "too-slow")
