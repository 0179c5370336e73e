"""Every touchpoint that the data show: how much happens there, when last, and whether anybody asks.

A touchpoint is a kind of event in a channel. What feedback it gets is read from the data, too: an
answer belongs to the ticket it names, else to the touchpoint that the customer met last within
three days before it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

from hub.core.records import Feedback, Interaction
from hub.journeys import kinds
from hub.journeys.definition import Journey
from hub.journeys.event import Event
from hub.journeys.passage import Timeline

ASKED_WITHIN: Final = timedelta(days=3)
"""An answer later than this is about the relationship, not about one meeting."""

Place = tuple[str, str | None, str | None]
"""Kind, channel, and the source's own word where the hub knows no kind for it."""


@dataclass(frozen=True, slots=True)
class Row:
    """One touchpoint in use.

    Args:
        kind: Kind of event.
        channel: Channel; None where no source says.
        word: The source's own word for a kind that the hub does not know.
        stage: Id of its stage; None if the map does not know it, "several" if it has many.
        volume: Events.
        people: Customers who met it.
        first_seen: Instant of the first event.
        last_seen: Instant of the last one.
        feedback: Answers about it, by instrument.
    """

    kind: str
    channel: str | None
    word: str | None
    stage: str | None
    volume: int
    people: int
    first_seen: datetime
    last_seen: datetime
    feedback: dict[str, int]

    @property
    def unheard(self) -> bool:
        """Whether nobody was ever heard about it."""
        return not self.feedback


@dataclass(slots=True)
class _Seen:
    volume: int = 0
    people: int = 0
    first: datetime | None = None
    last: datetime | None = None
    stages: set[str | None] = field(default_factory=set)
    feedback: Counter[str] = field(default_factory=Counter)


def inventory(journey: Journey, people: Iterable[Timeline], now: datetime) -> list[Row]:
    """One row per touchpoint that has been in use, the busiest first.

    Answers and reviews are touchpoints, too, and their own feedback.
    """
    seen: dict[Place, _Seen] = {}
    for events in people:
        past = [e for e in events if e.at <= now and e.kind not in kinds.INTERNAL]
        for event in past:
            _note(seen.setdefault(_place(event), _Seen()), journey, event)
        for place in {_place(event) for event in past}:
            seen[place].people += 1
        for answer, about in answers(past):
            for heard in {_place(answer)} | ({_place(about)} if about else set()):
                seen[heard].feedback[_instrument(answer)] += 1
    rows = [_row(place, found) for place, found in seen.items()]
    return sorted(rows, key=lambda r: (-r.volume, r.kind, r.channel or "", r.word or ""))


def answers(events: Iterable[Event]) -> Iterable[tuple[Event, Event | None]]:
    """Each answer or review of a customer, with the event that it is about if there is one."""
    tickets: dict[tuple[str, str], Event] = {}
    last: Event | None = None
    for event in events:
        if event.kind in kinds.FEEDBACK:
            named = tickets.get((event.connection, event.ref)) if event.ref else None
            recent = last is not None and event.at - last.at <= ASKED_WITHIN
            yield event, named or (last if recent else None)
            continue
        if event.kind == kinds.TICKET_OPENED and event.ref:
            tickets[event.connection, event.ref] = event
        if event.kind not in kinds.INTERNAL:
            last = event


def _instrument(answer: Event) -> str:
    return answer.record.instrument if isinstance(answer.record, Feedback) else answer.kind


def _place(event: Event) -> Place:
    word = None
    if event.kind == kinds.OTHER and isinstance(event.record, Interaction):
        word = event.record.kind
    return event.kind, event.channel, word


def _note(seen: _Seen, journey: Journey, event: Event) -> None:
    seen.volume += 1
    seen.first = event.at if seen.first is None else min(seen.first, event.at)
    seen.last = event.at if seen.last is None else max(seen.last, event.at)
    at = journey.stage_of(event)
    seen.stages.add(None if at is None else journey.stages[at].id)


def _row(place: Place, seen: _Seen) -> Row:
    assert seen.first is not None
    assert seen.last is not None
    known = sorted(stage for stage in seen.stages if stage is not None)
    stage = None if not known else known[0] if len(known) == 1 else "several"
    return Row(
        *place,
        stage=stage,
        volume=seen.volume,
        people=seen.people,
        first_seen=seen.first,
        last_seen=seen.last,
        feedback=dict(sorted(seen.feedback.items())),
    )
