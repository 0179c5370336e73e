"""Threads: one matter of one person, whatever the channels and systems it went through.

1. Events that name the same ticket or order of one connection are one matter.
2. Matters with the same topic are one thread while no longer pause than the window lies between
   them: a chat on Monday and a call about it on Tuesday.

What has neither a reference nor a topic stays a thread of its own: a guess would put somebody
else's story into an agent's hands.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Final

from hub.core.records import Interaction, Ticket
from hub.journeys import kinds
from hub.journeys.event import Event, in_order

WINDOW: Final = timedelta(days=7)
"""The pause that FCR usually allows before a contact counts as about something new."""

CONVERSATION: Final = kinds.CONTACTS | {
    kinds.MESSAGE_OUT,
    kinds.NOTE,
    kinds.TRANSCRIPT,
    kinds.TICKET_SOLVED,
}
"""Kinds that are part of a conversation."""

TopicOf = Callable[[Event], str | None]


@dataclass(frozen=True, slots=True)
class Thread:
    """One matter.

    Args:
        topic: What it is about, if any event says so.
        events: In order; never empty.
    """

    topic: str | None
    events: tuple[Event, ...]

    @property
    def started_at(self) -> datetime:
        """Instant of the first event."""
        return self.events[0].at

    @property
    def ended_at(self) -> datetime:
        """Instant of the last event."""
        return self.events[-1].at

    @property
    def contacts(self) -> tuple[Event, ...]:
        """The events in which the customer turned to somebody."""
        return tuple(event for event in self.events if event.kind in kinds.CONTACTS)

    @property
    def channels(self) -> tuple[str, ...]:
        """Channels of the contacts, each once, in the order of first use."""
        return tuple(dict.fromkeys(c.channel for c in self.contacts if c.channel is not None))

    @property
    def channel_switches(self) -> int:
        """How often the customer had to go on in another channel."""
        used = [contact.channel for contact in self.contacts if contact.channel is not None]
        return sum(before != after for before, after in pairwise(used))


def threads(
    events: Iterable[Event], *, window: timedelta = WINDOW, topic_of: TopicOf | None = None
) -> list[Thread]:
    """The threads of one person's timeline, by their first event.

    Args:
        events: The timeline, in order.
        window: The longest pause inside a thread between matters of the same topic.
        topic_of: Tells what an event is about; by default its own :func:`topic`.
    """
    matters = [_thread(matter, topic_of or topic) for matter in _matters(events)]
    found: list[Thread] = []
    latest: dict[str, int] = {}
    for matter in matters:
        at = latest.get(matter.topic) if matter.topic is not None else None
        if at is not None and matter.started_at - found[at].ended_at <= window:
            found[at] = Thread(matter.topic, _merged(found[at].events, matter.events))
            continue
        if matter.topic is not None:
            latest[matter.topic] = len(found)
        found.append(matter)
    return found


_TYPES: Final = frozenset({"question", "incident", "problem", "task"})
"""Zendesk's ticket types say how urgent something is taken, not what it is about."""


def topic(event: Event) -> str | None:
    """What an event says it is about, spelling folded: a category, else the subject.

    Source: Zendesk, ticket field ``type`` (question, incident, problem, task).
    """
    record = event.record
    if isinstance(record, Ticket):
        return _folded(record.category, _TYPES) or _folded(record.subject)
    if isinstance(record, Interaction):
        return _folded(str(record.attributes.get("topic") or "")) or _folded(record.subject)
    return None


def _folded(text: str | None, meaningless: frozenset[str] = frozenset()) -> str | None:
    words = re.findall(r"\w+", (text or "").casefold())
    while words[:1] in (["re"], ["fwd"], ["fw"], ["aw"]):
        words = words[1:]
    folded = " ".join(words)
    return folded if folded and folded not in meaningless else None


def _matters(events: Iterable[Event]) -> list[list[Event]]:
    """The conversation's events by what they refer to; those that refer to nothing, one by one."""
    matters: dict[tuple[str, ...], list[Event]] = defaultdict(list)
    for event in events:
        if event.kind in CONVERSATION:
            by = ("ref", event.connection, event.ref) if event.ref else ("own", event.source)
            matters[by].append(event)
    return list(matters.values())


def _thread(matter: Sequence[Event], topic_of: TopicOf) -> Thread:
    said = (topic_of(event) for event in matter)
    return Thread(next((found for found in said if found is not None), None), tuple(matter))


def _merged(before: Sequence[Event], after: Sequence[Event]) -> tuple[Event, ...]:
    return tuple(in_order([*before, *after]))
