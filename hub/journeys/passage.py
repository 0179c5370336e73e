"""One customer's passage through a journey: when each stage was entered, and how far it went.

The first entry into a stage counts; coming back to it later is a loop and enters nothing anew.
Clocks of two systems differ: an event of the next stage a few minutes before its cause still
follows it.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, Literal

from hub.core.records import Ticket
from hub.journeys import kinds
from hub.journeys.definition import Journey, Reason
from hub.journeys.event import Event
from hub.journeys.score import survey_score

SKEW: Final = timedelta(minutes=5)
"""How far the clocks of two systems may differ without turning cause and answer around."""

Timeline = Sequence[Event]

State = Literal["completed", "open", "lost"]


@dataclass(frozen=True, slots=True)
class Step:
    """An event of a customer in a stage of a journey."""

    stage: int
    event: Event


@dataclass(frozen=True, slots=True)
class Passage:
    """How far a customer has come.

    Args:
        state: ``completed`` when every required stage was reached in time, ``lost`` when the
            window to the next one has passed, ``open`` while it has not.
        stages: Position and first instant of the required stages reached, one after the other.
        steps: Every event in the journey up to now, in order.
    """

    state: State
    stages: tuple[tuple[int, datetime], ...]
    steps: tuple[Step, ...]

    @property
    def last(self) -> tuple[int, datetime]:
        """Position and instant of the last stage reached in order."""
        return self.stages[-1]


def steps(journey: Journey, events: Iterable[Event], now: datetime) -> tuple[Step, ...]:
    """The events that belong to the journey and have happened, each with its stage."""
    return tuple(
        Step(stage, event)
        for event in events
        if event.at <= now and (stage := journey.stage_of(event)) is not None
    )


def entry(walked: Sequence[Step], stage: int, since: datetime | None = None) -> datetime | None:
    """The first instant in a stage, or the first at or after ``since``, give or take the clocks."""
    earliest = None if since is None else since - SKEW
    for step in walked:
        if step.stage == stage and (earliest is None or step.event.at >= earliest):
            return step.event.at
    return None


def passage(journey: Journey, events: Iterable[Event], now: datetime) -> Passage | None:
    """How far a customer came; None for one who never entered the first required stage."""
    walked = steps(journey, events, now)
    first, *later = journey.required
    at = entry(walked, first)
    if at is None:
        return None
    reached = [(first, at)]
    for stage in later:
        at = entry(walked, stage, reached[-1][1])
        if at is None or at - reached[-1][1] > journey.span:
            return Passage(_unfinished(journey, reached[-1][1], now), tuple(reached), walked)
        reached.append((stage, at))
    return Passage("completed", tuple(reached), walked)


def started_at(journey: Journey, events: Iterable[Event], now: datetime) -> datetime | None:
    """When a customer entered the first required stage; None if never."""
    return entry(steps(journey, events, now), journey.required[0])


def _unfinished(journey: Journey, since: datetime, now: datetime) -> State:
    return "open" if now <= since + journey.span else "lost"


def reason_of_loss(journey: Journey, lost: Passage, events: Timeline) -> Reason:
    """Why a customer did not go on, as far as the events after the last stage reached tell.

    The heaviest reason wins: a failed payment explains more than a question asked. Nothing at all
    is ``silent``, the reason that no report of complaints shows.

    Args:
        journey: The journey.
        lost: A passage that ended.
        events: The customer's whole timeline.
    """
    _, since = lost.last
    after = [event for event in events if since - SKEW <= event.at <= since + journey.span]
    solved = {
        (event.connection, event.ref)
        for event in after
        if event.kind == kinds.TICKET_SOLVED and not _opened_again(event)
    }
    found: set[Reason] = set()
    for event in after:
        if event.kind in _TELLING:
            found.add(_TELLING[event.kind])
        elif event.kind == kinds.TICKET_OPENED and (event.connection, event.ref) not in solved:
            found.add("unresolved_issue")
        elif event.kind in kinds.CONTACTS:
            found.add("asked_for_help")
        elif (felt := survey_score(event)) is not None and felt < 0:
            found.add("dissatisfied")
    return next((reason for reason in _HEAVIEST_FIRST if reason in found), "silent")


def _opened_again(solved: Event) -> bool:
    ticket = solved.record
    return isinstance(ticket, Ticket) and bool(ticket.reopens) and ticket.is_unsolved


_TELLING: Final[dict[str, Reason]] = {
    kinds.PAYMENT_FAILED: "payment_failed",
    kinds.SUBSCRIPTION_ENDED: "cancelled",
    kinds.DEAL_LOST: "deal_lost",
    kinds.RETURN: "returned",
    kinds.REFUND: "returned",
}
_HEAVIEST_FIRST: Final[tuple[Reason, ...]] = (
    "payment_failed", "cancelled", "deal_lost", "returned", "dissatisfied", "unresolved_issue",
    "asked_for_help",
)  # fmt: skip
