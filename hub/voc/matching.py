"""Which patterns a customer's past completes, with their evidence and since when.

A match is a beginning, and the event that ends it: the last sequel that counts, or the beginning
itself. It is complete when nothing of ``none`` came after that event until now, and for at least as
long as the pattern asks. It is decided from the timeline alone, so that a late event is judged as
if it had come in time.

"After" means later in the timeline's one order, which also orders what happened in one instant.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from hub.journeys.event import Event
from hub.voc.decline import decline
from hub.voc.past import Past
from hub.voc.pattern import Absence, Beginning, Fewer, Pattern, Sequel
from hub.voc.working_days import after

Place = int
"""Position on the timeline."""


@dataclass(frozen=True, slots=True)
class Match:
    """A pattern that is complete.

    Args:
        pattern: The pattern.
        since: The instant at which it became so.
        events: What it rests on, in order.
    """

    pattern: Pattern
    since: datetime
    events: tuple[Event, ...]


def matches(pattern: Pattern, past: Past) -> list[Match]:
    """Every match that holds now, by the event that ends it.

    1. Pair every beginning with what follows it.
    2. Drop what was followed by something of ``none``, or not yet for long enough.
    3. Drop all if what should get rarer does not.
    """
    if past.by_kind.keys().isdisjoint(pattern.first.kinds):
        return []
    begun = [at for at, event in enumerate(past.events) if _begins(pattern.first, event, past)]
    if not begun:
        return []
    last = _latest(pattern.none, past)
    fell = past.now if pattern.fewer is None else _fell(pattern.fewer, past)
    if fell is None:
        return []
    found = []
    for end, places in _paired(pattern, past, begun, last):
        since = due(pattern.none, past.events[end].at, past.zone)
        if since <= past.now:
            since = since if pattern.fewer is None else max(since, fell)
            found.append(Match(pattern, since, tuple(past.events[at] for at in places)))
    return found


def due(absence: Absence | None, ended: datetime, zone: ZoneInfo) -> datetime:
    """The instant at which an absence that began at ``ended`` has lasted long enough."""
    if absence is None:
        return ended
    during = timedelta(seconds=absence.during)
    return ended + during if absence.weekends else after(ended, during, zone)


def _begins(first: Beginning, event: Event, past: Past) -> bool:
    if not first.fits(event):
        return False
    if first.agents is None and not first.unresolved:
        return True
    return any(
        issue.opening is event
        and issue.agents >= (first.agents or 0)
        and (issue.unresolved or not first.unresolved)
        for issue in past.issues
    )


def _latest(absence: Absence | None, past: Past) -> Place:
    """Place of the last event that should have stayed out; before the first if there is none."""
    if absence is None:
        return -1
    return next(
        (at for at in reversed(range(len(past.events))) if absence.fits(past.events[at])), -1
    )


def _fell(fewer: Fewer, past: Past) -> datetime | None:
    instants = [event.at for event in past.events if fewer.fits(event)]
    span = timedelta(seconds=fewer.over)
    fall = decline(instants, past.now, by=fewer.by, span=span, at_least=fewer.usually)
    return None if fall is None else fall.since


def _paired(
    pattern: Pattern, past: Past, begun: Sequence[Place], last: Place
) -> Iterator[tuple[Place, list[Place]]]:
    """The place of each ending event from ``last`` on, and all places that make up the match."""
    if pattern.then is None:
        yield from ((at, [at]) for at in begun if at >= last)
        return
    following = [at for at, event in enumerate(past.events) if pattern.then.fits(event)]
    within = timedelta(seconds=pattern.then.within)
    for end in (at for at in following if at >= last):
        # The earliest beginning in reach has the most sequels: if it has too few, all have.
        start = next(
            (at for at in begun if past.events[end].at - past.events[at].at <= within), None
        )
        if start is None or start >= end:
            continue
        sequels = [at for at in following if start < at <= end]
        if _number(pattern.then, [past.events[at] for at in sequels], past.zone) >= (
            pattern.then.at_least
        ):
            yield end, [start, *sequels]


def _number(then: Sequel, events: Sequence[Event], zone: ZoneInfo) -> int:
    if then.count == "events":
        return len(events)
    days: set[date] = {event.at.astimezone(zone).date() for event in events}
    return len(days)
