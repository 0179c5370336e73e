"""A journey: the stages that customers go through, as a business drew them in a file.

A map says what customers want at each stage, where the business meets them, how they are expected
to feel, who owns it, and how long each step may take. It is a version: a changed map is a new one,
so that numbers of last year stay comparable with the map of last year.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from functools import cached_property
from typing import Annotated, Literal

from pydantic import AfterValidator, Field
from pydantic_core import PydanticCustomError

from hub.core.durations import Duration
from hub.core.records import Feedback, Interaction, Ticket
from hub.core.settings import Identifier, Section
from hub.journeys.event import Event
from hub.journeys.kinds import INTERNAL, KINDS


def _kind(name: str) -> str:
    names = [kind for kind in KINDS if kind not in INTERNAL]
    if name not in names:
        raise PydanticCustomError(
            "unknown_name",
            "no kind of event that a customer meets",
            {"wanted": f"one of {', '.join(names)}", "names": names},
        )
    return name


Text = Annotated[str, Field(min_length=1, max_length=500)]
Emotion = Literal[
    "confident", "curious", "delighted", "grateful", "neutral", "relieved",
    "angry", "anxious", "confused", "disappointed", "frustrated",
]  # fmt: skip
Reason = Literal[
    "payment_failed", "cancelled", "deal_lost", "returned", "dissatisfied", "unresolved_issue",
    "asked_for_help", "silent",
]  # fmt: skip
"""Why somebody did not go on, as far as the events tell."""


class Touchpoint(Section):
    """Where the business meets the customer: a kind of event, in one channel or in any."""

    kind: Annotated[str, AfterValidator(_kind)]
    """Kind of event, as ``hub timeline`` prints it."""
    channel: Text | None = None
    """Channel as the source names it; any channel if left out."""
    about: Text | None = None
    """The source's own word: what was done or searched, a ticket's category, a survey's name."""
    ask_every: Annotated[int, Duration("1d", "3650d")] | None = None
    """How often customers are to be heard about it; a longer silence is told as a gap."""

    def fits(self, event: Event) -> bool:
        """Whether the event happened at this touchpoint."""
        return (
            self.kind == event.kind
            and (self.channel is None or self.channel == event.channel)
            and (self.about is None or self.about in words_of(event))
        )

    @property
    def precision(self) -> int:
        """How much it asks for: of two that fit, the one that asks for more."""
        return (self.channel is not None) + 2 * (self.about is not None)

    def __str__(self) -> str:
        return " ".join(
            [
                self.kind,
                *([f"by {self.channel}"] if self.channel else []),
                *([f"about {self.about}"] if self.about else []),
            ]
        )


class Pain(Section):
    """What makes customers stop or suffer at a stage, and how hard it is to mend."""

    what: Text
    """The pain point, in words that staff use."""
    work: Annotated[int, Field(ge=1, le=5)]
    """Work to mend it: 1 an afternoon, 5 a project of a year."""
    reason: Reason | None = None
    """The reason of loss that it shows as; every reason of its stage if left out."""


class Stage(Section):
    """One stage of a journey."""

    id: Identifier
    """Short name, unique in the journey."""
    title: Text
    """Name for people."""
    goal: Text
    """What the customer wants here, in their own words."""
    questions: tuple[Text, ...] = ()
    """What they ask themselves."""
    emotion: Emotion = "neutral"
    """How they are expected to feel."""
    touchpoints: Annotated[tuple[Touchpoint, ...], Field(min_length=1)]
    """Where the business meets them; the first event of any of these enters the stage."""
    owner: Text | None = None
    """Who answers for the stage; the journey's owner if left out."""
    within: Annotated[int, Duration("1m", "3650d")] | None = None
    """Time in which it is to be reached from the stage before; later is too slow."""
    optional: bool = False
    """Whether customers may leave it out."""
    repeats: bool = False
    """Whether customers may come back to it without anything being wrong."""
    anytime: bool = False
    """Whether it has no place in the order, such as a call for help: never late, never left out."""
    pains: tuple[Pain, ...] = ()
    """Pain points that the board ranks."""


class Journey(Section):
    """One version of one journey: its stages in the order in which they should happen."""

    id: Identifier
    """Name of the journey, the same in all of its versions."""
    version: Annotated[int, Field(ge=1, le=1_000_000)]
    """Number of this version; a changed map is a new one."""
    title: Text
    """Name for people."""
    goal: Text
    """What the journey is for."""
    owner: Text
    """Who keeps it true."""
    last_reviewed: date
    """Day on which somebody last compared it with reality."""
    review_every: Annotated[int, Duration("1d", "3650d")] = 90 * 86_400
    """How often that is due."""
    window: Annotated[int, Duration("1m", "3650d")] = 30 * 86_400
    """Time to reach the next stage; who has not by then is lost, who still may is open."""
    stages: Annotated[tuple[Stage, ...], Field(min_length=2)]
    """The stages in their target order."""

    @property
    def key(self) -> str:
        """Name and version: ``purchase@2``."""
        return f"{self.id}@{self.version}"

    @property
    def span(self) -> timedelta:
        """The conversion window."""
        return timedelta(seconds=self.window)

    @property
    def review_due(self) -> date:
        """The day on which the next review is due."""
        return self.last_reviewed + timedelta(seconds=self.review_every)

    @property
    def required(self) -> list[int]:
        """Positions of the stages that nobody may leave out."""
        return [at for at, stage in enumerate(self.stages) if not (stage.optional or stage.anytime)]

    @cached_property
    def _by_kind(self) -> dict[str, list[tuple[Touchpoint, int]]]:
        found: dict[str, list[tuple[Touchpoint, int]]] = {}
        for at, stage in enumerate(self.stages):
            for touchpoint in stage.touchpoints:
                found.setdefault(touchpoint.kind, []).append((touchpoint, at))
        return {
            kind: sorted(each, key=lambda item: -item[0].precision) for kind, each in found.items()
        }

    def stage_of(self, event: Event) -> int | None:
        """Position of the stage in which the event happened; None if the map knows none."""
        for touchpoint, at in self._by_kind.get(event.kind, ()):
            if touchpoint.fits(event):
                return at
        return None

    def touchpoints(self) -> Iterator[tuple[int, Touchpoint]]:
        """Every touchpoint with the position of its stage."""
        for at, stage in enumerate(self.stages):
            for touchpoint in stage.touchpoints:
                yield at, touchpoint


def words_of(event: Event) -> tuple[str, ...]:
    """The source's own words for what an event is about."""
    match event.record:
        case Interaction() as record:
            said = [record.kind, record.subject, record.campaign]
        case Ticket() as record:
            said = [record.category, record.subject]
        case Feedback() as record:
            said = [record.survey, record.instrument]
        case _:
            said = []
    return tuple(word for word in said if word)
