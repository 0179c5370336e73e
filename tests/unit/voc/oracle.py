"""Patterns by brute force: every instant, every choice of events, nothing clever.

Traces are on whole hours. At every hour until now, all pairs of a beginning and an ending event are
tried; the answer is since when the pattern has been complete without a break, or None.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from random import Random
from zoneinfo import ZoneInfo

from hub.core.records import Interaction, Ticket
from hub.journeys.timeline import Event, in_order
from hub.voc.matching import matches
from hub.voc.past import UTC_ZONE, Past
from hub.voc.pattern import Pattern
from tests.unit.voc.stories import hour

HOUR = timedelta(hours=1)
FIRST_HOUR = 4 * 24 + 14
"""Friday, 14:00 UTC."""
MELBOURNE = ZoneInfo("Australia/Melbourne")
EMAIL = {"kinds": ["ticket_opened"], "channel": "email"}
CALLS = {"kinds": ["call"], "at_least": 2, "within": "7h"}
ON_DAYS = {"kinds": ["log_in"], "at_least": 2, "within": "30h", "count": "days"}
PATTERNS = tuple(
    Pattern.model_validate({"id": name, "version": 1, "says": "-", "points": 1} | parts)
    for name, parts in {
        "all": {"first": EMAIL, "then": CALLS, "none": {"kinds": ["log_in"], "during": "9h"}},
        "sequel": {"first": EMAIL, "then": CALLS},
        "burst": {
            "first": {"kinds": ["log_in"]},
            "then": ON_DAYS,
            "none": {"kinds": ["log_in"], "during": "12h"},
        },
        "stopped": {
            "first": {"kinds": ["log_in"]},
            "none": {"kinds": ["log_in"], "during": "9h"},
        },
        "silence": {
            "first": {"kinds": ["call"]},
            "none": {"kinds": ["log_in", "ticket_opened"], "during": "9h", "weekends": False},
        },
    }.items()
)


_AT = hour(FIRST_HOUR)
COMPLAINT = Event(_AT, "ticket_opened", "email", "", None, Ticket(at=_AT, channel="email"))
CALL = Event(_AT, "call", "phone", "", None, Interaction(at=_AT, kind="call"))
LOG_IN = Event(_AT, "log_in", None, "", None, Interaction(at=_AT, kind="login"))
HOURS = tuple(hour(FIRST_HOUR + number) for number in range(84))


def random_trace(chance: Random) -> list[Event]:
    """Three to eleven events from a Friday afternoon to Sunday, some of them at the same hour."""
    weights = chance.choice([(2, 4, 1), (2, 2, 4), (1, 4, 0)])
    chosen = chance.choices((COMPLAINT, CALL, LOG_IN), weights, k=chance.randrange(3, 12))
    return in_order(
        Event(chance.choice(HOURS[:40]), each.kind, each.channel, f"a/b/{n}", None, each.record)
        for n, each in enumerate(chosen)
    )


def complete_since(
    pattern: Pattern, events: Sequence[Event], now: datetime, zone: ZoneInfo
) -> datetime | None:
    """Since when the pattern has been complete at every hour until ``now``."""
    since = None
    at = now
    while at >= hour(FIRST_HOUR) and is_complete(
        pattern, [e for e in events if e.at <= at], at, zone
    ):
        since, at = at, at - HOUR
    return since


def is_complete(pattern: Pattern, events: Sequence[Event], at: datetime, zone: ZoneInfo) -> bool:
    """Whether any pair of a beginning and an ending event completes the pattern at ``at``."""
    return any(
        pattern.none is None
        or (
            not any(pattern.none.fits(later) for later in events[end + 1 :])
            and lasted(pattern, events[end].at, at, zone)
        )
        for end in ends(pattern, events, zone)
    )


def ends(pattern: Pattern, events: Sequence[Event], zone: ZoneInfo) -> Iterator[int]:
    for start, first in enumerate(events):
        if not pattern.first.fits(first):
            continue
        if pattern.then is None:
            yield start
            continue
        for end in range(start + 1, len(events)):
            sequels = [e for e in events[start + 1 : end + 1] if pattern.then.fits(e)]
            days = {e.at.astimezone(zone).date() for e in sequels}
            number = len(sequels if pattern.then.count == "events" else days)
            soon = events[end].at <= first.at + timedelta(seconds=pattern.then.within)
            if soon and number >= pattern.then.at_least and pattern.then.fits(events[end]):
                yield end


def lasted(pattern: Pattern, start: datetime, at: datetime, zone: ZoneInfo) -> bool:
    assert pattern.none is not None
    hours = 0
    while start < at:
        hours += pattern.none.weekends or start.astimezone(zone).weekday() < 5
        start += HOUR
    return hours * 3_600 >= pattern.none.during


def disagreements(traces: int, seed: int) -> tuple[int, int]:
    """How often engine and brute force differ, and how often they agree that there is a match."""
    chance = Random(seed)
    differ = matched = 0
    for _ in range(traces):
        pattern, events = chance.choice(PATTERNS), random_trace(chance)
        zone = chance.choice((UTC_ZONE, MELBOURNE))
        now = chance.choice(HOURS[12:])
        found = matches(pattern, Past.at(now, events, zone))
        since = min((match.since for match in found), default=None)
        expected = complete_since(pattern, events, now, zone)
        differ += since != expected
        matched += expected is not None
    return differ, matched
