"""A pattern: a story across channels that somebody should act on, as a business wrote it down.

    first  one thing happens                      a complaint by e-mail
    then   another follows, so often, so soon     two calls within a week
    none   and then something stays out           no log-in for two weeks
    fewer  while something gets rarer             half the visits of before

All but ``first`` may be left out.
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import AfterValidator, Field
from pydantic_core import PydanticCustomError

from hub.core.durations import Duration
from hub.core.settings import Identifier, Section
from hub.journeys.definition import Text, words_of
from hub.journeys.event import Event
from hub.journeys.kinds import KINDS


def _kind(name: str) -> str:
    if name not in KINDS:
        wanted = {"wanted": f"one of {', '.join(KINDS)}", "names": KINDS}
        raise PydanticCustomError("unknown_name", "no kind of event", wanted)
    return name


Kinds = Annotated[tuple[Annotated[str, AfterValidator(_kind)], ...], Field(min_length=1)]
Span = Annotated[int, Duration("1m", "3650d")]


class Happening(Section):
    """What is looked for on the timeline."""

    kinds: Kinds
    """Kinds of event, as ``hub timeline`` prints them; any of them will do."""
    channel: Text | None = None
    """Channel as the source names it; any channel if left out."""
    about: Text | None = None
    """The source's own word: what was done or used, a ticket's category, a survey's name."""

    def fits(self, event: Event) -> bool:
        """Whether the event is one of those."""
        return (
            event.kind in self.kinds
            and (self.channel is None or self.channel == event.channel)
            and (self.about is None or self.about in words_of(event))
        )


class Beginning(Happening):
    """What a pattern begins with."""

    agents: Annotated[int, Field(ge=2, le=100)] | None = None
    """Only a ticket that so many people have dealt with."""
    unresolved: bool = False
    """Only a ticket that was never solved, or was opened again."""


class Sequel(Happening):
    """What has to follow."""

    at_least: Annotated[int, Field(ge=1, le=1_000)] = 1
    """How often."""
    within: Span
    """How soon after the beginning; exactly so long after still counts."""
    count: Literal["events", "days"] = "events"
    """Whether each counts, or each calendar day on which there is one."""


class Absence(Happening):
    """What has to stay out after that."""

    during: Span
    """For how long; exactly so long after, the pattern is complete."""
    weekends: bool = True
    """Whether Saturday and Sunday count to that time."""


class Fewer(Happening):
    """What has to get rarer than the customer's own past."""

    by: Annotated[float, Field(gt=0, le=1)]
    """Share that is gone, 0 to 1."""
    over: Span
    """Length of the span that is compared with the mean of the three before it."""
    usually: Annotated[float, Field(gt=0, le=10_000)] = 2
    """Mean count in such a span before, below which nothing is said."""


class Pattern(Section):
    """One pattern, and what it weighs."""

    id: Identifier
    """Its name, as in a reason."""
    version: Annotated[int, Field(ge=1, le=1_000_000)]
    """Number of this version; raised whenever it is changed."""
    says: Text
    """The reason in words that staff use."""
    points: Annotated[int, Field(ge=1, le=100)]
    """Risk points of a fresh match."""
    half_life: Annotated[int, Duration("1d", "3650d")] = 28 * 86_400
    """Time in which its points fall to half."""
    first: Beginning
    """What it begins with."""
    then: Sequel | None = None
    """What has to follow."""
    none: Absence | None = None
    """What has to stay out after that."""
    fewer: Fewer | None = None
    """What has to get rarer meanwhile."""


class PatternFile(Section):
    """One file of patterns."""

    patterns: Annotated[tuple[Pattern, ...], Field(min_length=1)]
    """The patterns."""
