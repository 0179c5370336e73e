"""A customer's past as it stands at one instant: what every signal reads."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cached_property
from zoneinfo import ZoneInfo

from hub.journeys import kinds
from hub.journeys.event import Event
from hub.journeys.threads import Thread, threads
from hub.text.phrases import Phrases
from hub.text.reading import Models
from hub.voc.issue import Issue, issues

UTC_ZONE = ZoneInfo("UTC")

OUTBOUND = frozenset({kinds.MESSAGE_OUT, kinds.CALL, kinds.VISIT})
"""Kinds in which somebody of the business speaks to the customer in person."""
IN_USE = frozenset({kinds.LOG_IN, kinds.USAGE})
"""Kinds in which the customer uses what they have."""


@dataclass(frozen=True, slots=True)
class Reading:
    """What texts are read with.

    Args:
        models: For sentiment.
        competitors: Names to look for.
    """

    models: Models = field(default_factory=Models)
    competitors: Phrases[str] = field(default_factory=lambda: Phrases([]))


PLAIN_READING = Reading()
"""The lexicon, and no competitors."""


@dataclass(frozen=True)
class Past:
    """One customer at one instant.

    Args:
        events: What has happened until ``now``, in order.
        ahead: What is known to come, such as the end of a contract.
        now: The instant.
        zone: On whose clocks days begin and weekends fall.
        reading: What texts are read with.
        tide: What customers do in these four weeks beside what they did before: below 1 in a
            holiday of everybody (:mod:`hub.voc.tide`).
    """

    events: Sequence[Event]
    ahead: Sequence[Event]
    now: datetime
    zone: ZoneInfo = UTC_ZONE
    reading: Reading = PLAIN_READING
    tide: float = 1.0

    @classmethod
    def at(
        cls,
        now: datetime,
        events: Sequence[Event],
        zone: ZoneInfo = UTC_ZONE,
        reading: Reading = PLAIN_READING,
        tide: float = 1.0,
    ) -> Past:
        """The past at ``now`` of a timeline in order.

        Raises:
            ValueError: If ``now`` names no time zone.
        """
        if now.tzinfo is None:
            raise ValueError("now must name its time zone")
        cut = bisect_right(events, now.astimezone(UTC), key=lambda event: event.at)
        return cls(events[:cut], events[cut:], now.astimezone(UTC), zone, reading, tide)

    @cached_property
    def issues(self) -> Sequence[Issue]:
        """Every ticket, as it stands now."""
        return issues(self.events, self.now)

    @cached_property
    def threads(self) -> Sequence[Thread]:
        """Every matter, whatever channels it went through."""
        return threads(self.events)

    @cached_property
    def by_kind(self) -> Mapping[str, Sequence[Event]]:
        """The events of each kind that occurs."""
        found: dict[str, list[Event]] = {}
        for event in self.events:
            found.setdefault(event.kind, []).append(event)
        return found

    def of(self, wanted: Collection[str], *, days: float | None = None) -> list[Event]:
        """Events of these kinds in order, of the last ``days`` or of all time."""
        occurring = [kind for kind in self.by_kind if kind in wanted]
        if not occurring:  # as of most kinds, of most customers
            return []
        of_one = self.by_kind[occurring[0]] if len(occurring) == 1 else None
        found = of_one or [event for event in self.events if event.kind in wanted]
        start = None if days is None else self.now - timedelta(days=days)
        return [event for event in found if start is None or event.at > start]

    def age(self, at: datetime) -> float:
        """Days between ``at`` and now."""
        return (self.now - at) / timedelta(days=1)


def sources(events: Iterable[Event]) -> tuple[str, ...]:
    """Source keys of every record that tells one of the events, each once."""
    return tuple(dict.fromkeys(source for event in events for source in event.sources))
