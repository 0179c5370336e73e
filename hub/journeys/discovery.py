"""The journey as it happens: the paths that customers take, where they turn back, where they wait.

Nothing is assumed of a map: the steps are the touchpoints themselves, or whatever a caller names
them. The graph is the directly-follows graph of process mining (van der Aalst, Process Mining,
2016, chapter 5): an edge for every two steps that follow each other.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from itertools import pairwise
from statistics import median
from typing import Final

from hub.journeys import kinds
from hub.journeys.definition import Journey
from hub.journeys.event import Event
from hub.journeys.passage import Timeline

LONGEST: Final = 12
"""Steps of a path that are told apart; what follows is cut off, and the path ends in dots."""
MORE: Final = "..."

NameOf = Callable[[Event], str | None]
"""Names the step that an event is; None leaves it out."""
_Walked = tuple[str, datetime]
_Pair = tuple[str, str]


@dataclass(frozen=True, slots=True)
class Edge:
    """One step following another.

    Args:
        before: The earlier step.
        after: The step that follows it.
        times: How often.
        people: For how many customers.
        wait: Median seconds between them.
        returns: How often the customer had been at ``after`` before: a loop.
    """

    before: str
    after: str
    times: int
    people: int
    wait: float
    returns: int


@dataclass(frozen=True, slots=True)
class Process:
    """What customers do, without a map.

    Args:
        people: Customers with any step.
        paths: Each sequence of steps with the number of customers who took it, commonest first.
        edges: Steps that follow each other, commonest first.
    """

    people: int
    paths: tuple[tuple[tuple[str, ...], int], ...]
    edges: tuple[Edge, ...]

    @property
    def loops(self) -> list[Edge]:
        """Edges back to where customers had been, the commonest return first."""
        found = [edge for edge in self.edges if edge.returns]
        return sorted(found, key=lambda e: (-e.returns, e.before, e.after))

    @property
    def waits(self) -> list[Edge]:
        """Edges by the time that customers spent on them together, the longest first."""
        return sorted(self.edges, key=lambda e: (-e.wait * e.times, e.before, e.after))


def touchpoint(event: Event) -> str | None:
    """The touchpoint as a step: its kind and channel; nothing for what customers do not meet."""
    if event.kind in kinds.INTERNAL:
        return None
    return event.kind if event.channel is None else f"{event.kind}/{event.channel}"


def stage_names(journey: Journey) -> NameOf:
    """Names the steps after the stages of a map; what it does not know is left out."""

    def name(event: Event) -> str | None:
        at = journey.stage_of(event)
        return None if at is None else journey.stages[at].id

    return name


def discover(people: Iterable[Timeline], now: datetime, *, name_of: NameOf = touchpoint) -> Process:
    """The process that everybody's timelines show, as of ``now``.

    Args:
        people: Everybody's timelines.
        now: The present; later events have not happened.
        name_of: Names the steps; by default the touchpoints.
    """
    graph = _Graph()
    for events in people:
        walked = _steps(events, now, name_of)
        if walked:
            graph.add(walked)
    return graph.process()


@dataclass(slots=True)
class _Graph:
    paths: Counter[tuple[str, ...]] = field(default_factory=Counter)
    waits: dict[_Pair, list[float]] = field(default_factory=lambda: defaultdict(list))
    walkers: Counter[_Pair] = field(default_factory=Counter)
    returns: Counter[_Pair] = field(default_factory=Counter)

    def add(self, walked: Sequence[_Walked]) -> None:
        self.paths[_path(walked)] += 1
        been = {walked[0][0]}
        for (before, at), (after, then) in pairwise(walked):
            self.waits[before, after].append((then - at).total_seconds())
            self.returns[before, after] += after in been
            been.add(after)
        self.walkers.update({(a[0], b[0]) for a, b in pairwise(walked)})

    def process(self) -> Process:
        edges = [
            Edge(*pair, len(times), self.walkers[pair], median(times), self.returns[pair])
            for pair, times in self.waits.items()
        ]
        return Process(
            self.paths.total(),
            tuple(sorted(self.paths.items(), key=lambda each: (-each[1], each[0]))),
            tuple(sorted(edges, key=lambda e: (-e.times, e.before, e.after))),
        )


def _steps(events: Timeline, now: datetime, name_of: NameOf) -> list[_Walked]:
    return [
        (name, event.at)
        for event in events
        if event.at <= now and (name := name_of(event)) is not None
    ]


def _path(walked: Iterable[_Walked]) -> tuple[str, ...]:
    """The steps, the same one several times in a row told once."""
    path: list[str] = []
    for name, _ in walked:
        if not path or path[-1] != name:
            path.append(name)
    return tuple(path) if len(path) <= LONGEST else (*path[:LONGEST], MORE)
