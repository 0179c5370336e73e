"""What customers say, gathered: tone by touchpoint, aspect and competitor, and their themes.

Each text is read once; every summary counts customers, not texts, and withholds what too few of
them say.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, tzinfo
from typing import Final

from hub.core.records import Ticket
from hub.journeys.event import Event
from hub.metrics.tone import Said, Tone, by_group
from hub.text.annotation import Annotation
from hub.text.words import is_answer, words_of

Reader = Callable[[str, date, bool], Annotation]
"""Reads a text that was written on a day, and is an answer or not."""


@dataclass(frozen=True, slots=True)
class Heard:
    """One text of a customer, read."""

    customer: str
    event: Event
    told: Annotation


@dataclass(frozen=True, slots=True)
class Theme:
    """A phrase and how many customers use it."""

    phrase: str
    customers: int


@dataclass(frozen=True, slots=True)
class Voice:
    """What customers say, from all texts that were heard.

    Args:
        texts: How many were read.
        customers: Who wrote them.
        languages: Language to texts.
        touchpoints: Tone by kind of event and channel.
        aspects: Tone by aspect: what is liked and disliked.
        competitors: Tone of the texts that name a competitor.
        themes: Phrases of two words or more that enough customers use, the most used first.
    """

    texts: int
    customers: int
    languages: Mapping[str, int]
    touchpoints: Sequence[Tone]
    aspects: Sequence[Tone]
    competitors: Sequence[Tone]
    themes: Sequence[Theme]


def hear(
    timelines: Mapping[str, Iterable[Event]],
    read: Reader,
    zone: tzinfo,
    since: datetime | None = None,
) -> Iterator[Heard]:
    """Every text in the timelines of customers, read once.

    Args:
        timelines: Golden id to events.
        read: Tells what a text says.
        zone: On whose calendar a text was written.
        since: Instant from which texts are read; None for all.
    """
    for customer, events in timelines.items():
        for event in _once(events):
            words = words_of(event.record)
            if words is not None and (since is None or event.at >= since):
                day = event.at.astimezone(zone).date()
                yield Heard(customer, event, read(words, day, is_answer(event.record)))


def _once(events: Iterable[Event]) -> Iterable[Event]:
    """The first event of each record: a ticket that is solved says nothing again."""
    first: dict[str, Event] = {}
    for event in events:
        first.setdefault(event.source, event)
    return first.values()


def gather(
    heard: Iterable[Heard], *, min_customers: int, confidence: float = 0.95, most: int = 20
) -> Voice:
    """The voice of the customers whose texts were heard.

    Args:
        heard: In any order; each is looked at once and not kept.
        min_customers: Customers below which a share or a theme is withheld.
        confidence: Coverage of the intervals.
        most: Themes to tell.
    """
    said: dict[str, list[Said]] = {name: [] for name in _GROUPED}
    languages: Counter[str] = Counter()
    customers: set[str] = set()
    users: dict[str, set[str]] = defaultdict(set)
    for each in heard:
        customers.add(each.customer)
        languages[each.told.language] += 1
        for phrase in each.told.keyphrases:
            users[phrase].add(each.customer)
        for name, grouped in _GROUPED.items():
            said[name] += grouped(each)
    tones = {
        name: by_group(texts, min_customers=min_customers, confidence=confidence)
        for name, texts in said.items()
    }
    themes = _themes(users, min_customers)[:most]
    return Voice(
        languages.total(), len(customers), dict(sorted(languages.items())), themes=themes, **tones
    )


def by_touchpoint(heard: Heard) -> Iterator[Said]:
    """The text under the kind of its event and the channel; a ticket names its agent, too."""
    event = heard.event
    agent = event.record.assignee if isinstance(event.record, Ticket) else None
    group = f"{event.kind}, {event.channel}" if event.channel else event.kind
    yield Said(group, heard.customer, event.source, heard.told.sentiment, agent)


def by_aspect(heard: Heard) -> Iterator[Said]:
    """The text under each aspect it speaks of, with the polarity it has there."""
    for aspect in heard.told.aspects:
        there = replace(heard.told.sentiment, polarity=aspect.polarity, label=aspect.label)
        yield Said(aspect.name, heard.customer, heard.event.source, there)


def by_competitor(heard: Heard) -> Iterator[Said]:
    """The text under each competitor that it names."""
    names = {entity.value for entity in heard.told.entities if entity.kind == "competitor"}
    for name in sorted(names):
        yield Said(name, heard.customer, heard.event.source, heard.told.sentiment)


_GROUPED: Final[Mapping[str, Callable[[Heard], Iterator[Said]]]] = {
    "touchpoints": by_touchpoint,
    "aspects": by_aspect,
    "competitors": by_competitor,
}


def _themes(users: Mapping[str, Collection[str]], min_customers: int) -> list[Theme]:
    phrases = ((phrase, len(who)) for phrase, who in users.items() if " " in phrase)
    themes = [
        Theme(phrase, customers) for phrase, customers in phrases if customers >= min_customers
    ]
    return sorted(themes, key=lambda theme: (-theme.customers, theme.phrase))
